import type { Interrupt } from '@behalf/core/interrupts'
import type { ModelMessage } from 'ai'
import { lastStep, pendingApprovals, type ShownMessage, shownApprovals } from './pending-approvals.ts'

/** A guarded call that waits for a person. */
export interface PendingInterrupt {
  /** The framework's id of the request, which its responses carry. */
  readonly approvalId: string
  /** The id of the tool call in the messages. */
  readonly toolCallId: string
  /** Action that the person must take. Its `kind` is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/**
 * Lists the guarded calls of the last step that wait, for display or storage. A call that another message follows waits
 * no longer: the AI SDK does not continue it.
 *
 * Only reads; sends no request to a person. Omits approval requests of tools that are not guarded. A client may have
 * forged an interrupt in the messages that it sent: show it, but base no decision on it.
 *
 * @param result - Result of `generateText`, messages of either kind, or for `streamText` `{ responseMessages: await
 *   result.responseMessages }`. In a browser: `interruptsOf(chat.messages)`.
 */
export function interruptsOf(
  result: readonly ModelMessage[] | readonly ShownMessage[] | { readonly responseMessages: readonly ModelMessage[] },
): readonly PendingInterrupt[] {
  const messages: readonly (ModelMessage | ShownMessage)[] = lastStep<ModelMessage | ShownMessage>(
    'responseMessages' in result ? result.responseMessages : result,
  )
  const approvals = isShown(messages) ? shownApprovals(messages) : pendingApprovals(messages as readonly ModelMessage[])
  return approvals.flatMap(({ approvalId, toolCallId, interrupt }) =>
    interrupt === undefined ? [] : [{ approvalId, toolCallId, interrupt }],
  )
}

const isShown = (messages: readonly (ModelMessage | ShownMessage)[]): messages is readonly ShownMessage[] =>
  messages.some((message) => 'parts' in message)
