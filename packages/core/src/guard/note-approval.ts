import { approvalState, type RunRecord } from '../approvals/index.ts'
import type { Auditor } from './auditor.ts'

/** Puts a question's new state on record, whoever brought it about: a call, the inbox, or a second delivery. */
export function noteApproval(record: RunRecord, auditor: Auditor): void {
  const state = approvalState(record)
  if (state !== undefined) auditor.note(state)
}
