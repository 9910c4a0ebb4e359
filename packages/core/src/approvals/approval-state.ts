import type { ApprovalEvent } from '../contract/index.ts'
import type { RunRecord } from './record.ts'

/** What an event says of a question's state; `undefined` for a run that nobody was asked about. */
export function approvalState({
  id,
  tool,
  state,
  question,
  owner,
  actor,
}: RunRecord): Omit<ApprovalEvent, 'v' | 'at' | 'agent'> | undefined {
  if (question === undefined) return undefined
  return {
    type: 'approval',
    tool,
    principal: { ...owner, ...(actor !== undefined && { actor }) },
    approvalId: id,
    state,
    approver: question.approver,
    message: question.message,
    enforcedBy: question.credential === undefined ? 'sdk' : 'server',
  }
}
