import type { AuditEvent } from '../contract/index.ts'

/**
 * Receives audit events.
 *
 * A sink that throws or rejects neither stops nor changes a call. The exception is a guard whose audit is `required`:
 * then the call is `unavailable` before its body runs.
 */
export interface AuditSink {
  /** Receives one event, without tokens. */
  write(event: AuditEvent): void | Promise<void>
}
