import { noteEvent } from '../lib/index.ts'
import type { AuditSink, Clock } from '../ports/index.ts'
import { approvalState } from './approval-state.ts'
import type { RunRecord } from './record.ts'

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
