import type { ApprovalEvent } from '../contract/index.ts'
import type { AuditSink, Clock } from '../ports/index.ts'
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
    const event = approvalEvent(record, agent, clock.now())
    if (event === undefined) return
    try {
      const written = sink.write(event)
      if (written instanceof Promise) written.catch(() => {})
    } catch {
      // As with a guard: only a call can be held up for want of a record, and this is none.
    }
  }
}

function approvalEvent(record: RunRecord, agent: string, at: number): ApprovalEvent | undefined {
  const { id, tool, state, question, owner, actor } = record
  if (question === undefined) return undefined
  return {
    v: 1,
    at,
    agent,
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
