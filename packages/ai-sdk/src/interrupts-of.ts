import type { Interrupt } from '@behalf/core'
import type { ModelMessage } from 'ai'
import { pendingApprovals } from './pending-approvals.ts'

/** A guarded call that waits for a person. */
export interface PendingInterrupt {
  /** The framework's id of the request, which its responses carry. */
  readonly approvalId: string
  readonly toolCallId: string
  readonly interrupt: Interrupt
}

/**
 * The guarded calls that wait, ready to be shown or stored.
 *
 * Asks nobody, and leaves out approval requests of tools that are not guarded. An interrupt in messages
 * that a client sent is the client's word: show it, and decide nothing by it.
 *
 * @param result - What `generateText` returned, or messages. For `streamText`:
 *   `{ responseMessages: await result.responseMessages }`.
 */
export function interruptsOf(
  result: readonly ModelMessage[] | { readonly responseMessages: readonly ModelMessage[] },
): readonly PendingInterrupt[] {
  const messages = 'responseMessages' in result ? result.responseMessages : result
  return pendingApprovals(messages).flatMap(({ approvalId, toolCallId, interrupt }) =>
    interrupt === undefined ? [] : [{ approvalId, toolCallId, interrupt }],
  )
}
