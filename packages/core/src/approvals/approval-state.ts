import type { ApprovalEvent } from '../contract/index.ts'
import { noteEvent } from '../lib/index.ts'
import type { AuditSink, Clock } from '../ports/index.ts'
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

/** Puts new states of questions on record, for those who change them outside of a guard. */
export interface ApprovalAudit {
  readonly sink: AuditSink
  /** The agent whose guard shares the store, as its events name it. */
  readonly agent: string
}

/** Hands each new state to the sink, and waits for nothing: a sink that fails changes no approval. */
export function auditing({ sink, agent }: ApprovalAudit, clock: Clock): (record: RunRecord) => void {
  return (record) => {
    const state = approvalState(record)
    if (state !== undefined) noteEvent(sink, { v: 1, at: clock.now(), agent, ...state })
  }
}
