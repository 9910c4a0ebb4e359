import type { RunRecord } from '../approvals/index.ts'
import type { Auditor } from './auditor.ts'

/** Puts a question's new state on record, whoever brought it about: a call, the inbox, or a second delivery. */
export function noteApproval({ id, tool, state, question, owner, actor }: RunRecord, auditor: Auditor): void {
  if (question === undefined) return
  auditor.note({
    type: 'approval',
    tool,
    principal: { ...owner, ...(actor !== undefined && { actor }) },
    approvalId: id,
    state,
    approver: question.approver,
    message: question.message,
    enforcedBy: question.credential === undefined ? 'sdk' : 'server',
  })
}
