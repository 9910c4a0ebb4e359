import type { AuditEvent } from '../contract/index.ts'
import type { AuditSink } from '../ports/index.ts'

/** Sends an event to a sink without waiting: a sink that fails neither stops nor changes the recorded action. */
export function recordEvent(sink: AuditSink, event: AuditEvent): void {
  try {
    const written = sink.write(event)
    // Not `instanceof`: a promise may be of another realm.
    if (typeof written?.then === 'function') written.then(undefined, () => {})
  } catch {
    // If audit is required, `Auditor.demand` waits for the sink and reports its errors.
  }
}
