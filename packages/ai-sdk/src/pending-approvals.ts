import type { Interrupt } from '@behalf/core'
import type { ModelMessage } from 'ai'
import { parseInterrupt } from './parse-interrupt.ts'

/** An approval request that nobody has answered. */
export interface PendingApproval {
  readonly approvalId: string
  readonly toolCallId: string
  /** Absent where the request is not of a guarded tool, or is of a version that is not known. */
  readonly interrupt: Interrupt | undefined
}

/** The approval requests in a conversation that have neither a response nor a result. */
export function pendingApprovals(messages: readonly ModelMessage[]): readonly PendingApproval[] {
  const pending = new Map<string, PendingApproval>()
  for (const { role, content } of messages) {
    if ((role !== 'assistant' && role !== 'tool') || typeof content === 'string') continue
    for (const part of content) {
      if (part.type === 'tool-approval-request') {
        const { approvalId, toolCallId, reason } = part
        pending.set(approvalId, { approvalId, toolCallId, interrupt: parseInterrupt(reason) })
      } else if (part.type === 'tool-approval-response') {
        pending.delete(part.approvalId)
      } else if (part.type === 'tool-result') {
        for (const { approvalId, toolCallId } of pending.values()) {
          if (toolCallId === part.toolCallId) pending.delete(approvalId)
        }
      }
    }
  }
  return [...pending.values()]
}
