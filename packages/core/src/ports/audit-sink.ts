import type { AuditEvent } from '../contract/index.ts'

/**
 * Where audit events go.
 *
 * A sink that throws or rejects neither stops nor changes a call, unless the guard was told that
 * audit is `required`: then the call is `unavailable` before its body runs.
 */
export interface AuditSink {
  /** Receives one event, without tokens. */
  write(event: AuditEvent): void | Promise<void>
}
