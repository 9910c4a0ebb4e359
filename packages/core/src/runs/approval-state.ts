import type { ApprovalEvent } from '../base/contract/index.ts'
import { type AuditSink, type Clock, tellApp } from '../base/ports.ts'
import { copyOf } from '../base/values/index.ts'
import type { RunRecord, StoredQuestion } from './record.ts'
import { stateOf } from './run-state.ts'

/**
 * Returns who enforces an approval (A9). If the server got no details, it compares nothing with the call, so the SDK
 * enforces it.
 */
export const enforcedBy = ({ credential, details }: StoredQuestion): 'sdk' | 'server' =>
  credential === undefined || details.length === 0 ? 'sdk' : 'server'

/** Returns the event's fields for the state of a question; `undefined` for a run without a question. */
export function approvalState(record: RunRecord): Omit<ApprovalEvent, 'v' | 'at' | 'agent'> | undefined {
  const { id, tool, question } = record
  const { owner, actor, delegationId } = record.by
  if (question === undefined) return undefined
  // A copy: a sink may write pseudonyms into its event, and the record is used on.
  return copyOf({
    type: 'approval',
    tool,
    principal: { ...owner, ...(actor && { actor }), ...(delegationId && { delegationId }) },
    approvalId: id,
    state: stateOf(record),
    approver: question.approver,
    message: question.message,
    enforcedBy: enforcedBy(question),
  })
}

/** Audits new states of questions for code that changes them outside of a guard. */
export interface ApprovalAudit {
  /** Receives the audit events. */
  readonly sink: AuditSink
  /** Name of the agent whose guard shares the store, as in its events. */
  readonly agent: string
}

/** Passes each new state to the sink without waiting: a failing sink changes no approval. */
export function auditing({ sink, agent }: ApprovalAudit, clock: Clock): (record: RunRecord) => void {
  return (record) => {
    const state = approvalState(record)
    if (state === undefined) return
    const event = { v: 1, at: clock.now(), agent, ...state } as const
    tellApp(() => sink.write(event))
  }
}
