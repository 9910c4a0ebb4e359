import type { AuditEvent } from '@behalf/core'
import type { ApprovalEvent } from '@behalf/core/audit'

const ENDS: Readonly<Record<string, string>> = {
  completed: 'Approved, and done',
  threw: 'Approved, and failed',
  crashed: 'Approved; what became of it is not known',
  denied: 'Denied',
  expired: 'Expired',
  failed: 'Failed',
  cancelled: 'Cancelled',
  revoked: 'Revoked',
}

/** A question that is over. */
export interface Decided {
  readonly id: string
  readonly message: string
  readonly end: string
  readonly approver: string
  /** Time of the decision, in epoch milliseconds. */
  readonly at: number
}

/** Returns the newest event of each closed question, newest first: `approvals.list` no longer returns these. */
export function decidedIn(events: readonly AuditEvent[]): readonly Decided[] {
  const newest = new Map<string, ApprovalEvent>()
  for (const event of events) {
    // Events are newest first, so each later one is older.
    if (event.type === 'approval' && !newest.has(event.approvalId)) newest.set(event.approvalId, event)
  }
  return [...newest.values()].flatMap(({ approvalId: id, state, message = '', approver, at }) => {
    const end = ENDS[state]
    return end === undefined || message === '' ? [] : [{ id, message, end, approver: approver?.subject ?? '', at }]
  })
}
