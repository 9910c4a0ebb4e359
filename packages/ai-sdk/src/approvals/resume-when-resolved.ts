import { ConfigurationError } from '@behalf/core'
import { identityFault, type WaitingOptions } from '@behalf/core/spi'
import type { ModelMessage, ToolApprovalResponse } from 'ai'
import { type CallInMessages, callIn, pauseOf, writtenIn } from '../messages/call-in-messages.ts'
import { type HeldApproval, lastStep, pendingApprovals } from '../messages/pending-approvals.ts'
import { type Answer, answerOf } from './answer-of.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions extends WaitingOptions {
  /** The conversation's id, as `guardTools` gets it. */
  readonly threadId: string
}

/** Result of {@link resumeWhenResolved}. */
export interface Resumed {
  /**
   * `resolved`: continue with `messages`. `open`: a person has not answered yet. `nothing`: no request waits.
   * `unknown`: a request waits that this guard will never answer. Its question is unknown or another user's (the two
   * look the same), no guard with these keys made it for this conversation, or another message follows it. Answer it
   * yourself.
   */
  readonly status: 'open' | 'resolved' | 'nothing' | 'unknown'
  /** The given messages; if `resolved`, with the responses. */
  readonly messages: ModelMessage[]
}

/**
 * Looks up the questions of the last step, and returns the messages with which the framework can continue.
 *
 * Checks once and does not wait: call it again after the interrupt's `interval`, or when the user returns. Answers all
 * requests of a step together, as the AI SDK requires. `approved: true` is only a wake-up: the tool checks again before
 * it runs. Sign-in, connection and step-up have no record, so they are answered at once: call this after the user's
 * action. A call that then needs an approval ends, since the AI SDK pauses it once only.
 *
 * @throws ConfigurationError There is no `threadId`, no verification made the identity, or the messages are of `useChat`.
 * @throws TransportError, StoreError Nothing is known; try again later.
 */
export async function resumeWhenResolved(messages: readonly ModelMessage[], options: ResumeOptions): Promise<Resumed> {
  if (!Array.isArray(messages) || messages.some((message) => 'parts' in message)) {
    throw new ConfigurationError(
      'resumeWhenResolved.messages',
      'give a list of ModelMessage: await convertToModelMessages(messages)',
    )
  }
  // Copied: an app may add to its own list, and to its messages, while the guard waits.
  const own = messages.map((message) => ({ ...message }))
  if (typeof options.threadId !== 'string' || options.threadId === '') {
    throw new ConfigurationError('resumeWhenResolved.threadId', 'give the id of the conversation that the tools got')
  }
  const fault = identityFault('resumeWhenResolved.identity', options.identity)
  if (fault !== undefined) throw fault
  const pending = pendingApprovals(lastStep(own))
  if (pending.length < pendingApprovals(own).length) return { status: 'unknown', messages: own }
  if (pending.length === 0) return { status: 'nothing', messages: own }
  const answers = await Promise.all(
    pending.map(async (approval): Promise<ToolApprovalResponse | 'open' | 'unknown'> => {
      const { approvalId } = approval
      const answer = await answerTo(approval, callIn(own, approval.toolCallId), options)
      return typeof answer === 'string' ? answer : { type: 'tool-approval-response', approvalId, ...answer }
    }),
  )
  if (answers.includes('open')) return { status: 'open', messages: own }
  if (answers.includes('unknown')) return { status: 'unknown', messages: own }
  const content = answers.filter((answer) => typeof answer !== 'string')
  // The SDK reads responses from the last message alone.
  const last = own.at(-1)
  if (last?.role !== 'tool') return { status: 'resolved', messages: [...own, { role: 'tool', content }] }
  const answered = { ...last, content: [...last.content, ...content] }
  return { status: 'resolved', messages: [...own.slice(0, -1), answered] }
}

async function answerTo(
  { interrupt, request }: HeldApproval,
  { id, call }: CallInMessages,
  { guard, identity, threadId, signal }: ResumeOptions,
): Promise<Answer | 'open' | 'unknown'> {
  // A tool that is not guarded may give any text as its reason, even one that contains an interrupt.
  if (interrupt === undefined || call?.toolName !== interrupt.tool) return 'unknown'
  const asked = { identity, ...(signal !== undefined && { signal }) }
  const states = writtenIn(request, call.input).map((written) =>
    guard.pauses.stateOf(interrupt, { pause: pauseOf(threadId, id, call.input, written), ...asked }),
  )
  const state = (await Promise.all(states)).find((one) => one !== undefined)
  return state === undefined ? 'unknown' : (answerOf(state) ?? 'open')
}
