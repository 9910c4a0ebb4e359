import { ConfigurationError } from '@behalf/core'
import { findPauses, isGuarded, type WaitingOptions } from '@behalf/core/spi'
import type { RunToolApprovalItem } from '@openai/agents'
import { findingKey, pauseOf, runOf } from './call-context.ts'
import { type AnyRunState, callOf, pendingItems } from './interrupts-of.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions extends WaitingOptions {
  /** The conversation's id, as `guardTools` gets it. */
  readonly threadId: string
}

/** Result of {@link resumeWhenResolved}. */
export interface Resumed<State> {
  /**
   * `resolved`: at least one call has its answer: continue with `run(agent, state)`. `open`: no call has it yet.
   * `nothing`: no guarded call waits. `unknown`: calls wait that this guard will never answer. Their questions are
   * unknown or another user's (the two look the same), or no guard with these keys made them for these arguments and
   * this conversation.
   */
  readonly status: 'open' | 'resolved' | 'nothing' | 'unknown'
  /** The given state; if `resolved`, with the framework's approval of each call that has its answer. */
  readonly state: State
}

/**
 * Looks up the questions of the waiting calls, and lets calls with an answer continue.
 *
 * Checks once and does not wait: call it again after the interrupt's `interval`, or when the user returns. The
 * framework's approval is only a wake-up, also after a denial: the tool checks again before it runs, and informs the
 * model. Sign-in, connection and step-up have no record, so they are answered at once: call this after the user's
 * action. A call that is not answered interrupts the run again, and asks no second question.
 *
 * @param state - `result.state`, or what `restoreRun` returned.
 * @throws ConfigurationError There is no `threadId`, no verification made the identity, or the state was restored
 *   without its interrupts.
 * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
 * @throws TransportError, StoreError No answer was found, and not all could be looked up: try again later.
 */
export async function resumeWhenResolved<State extends AnyRunState>(
  state: State,
  options: ResumeOptions,
): Promise<Resumed<State>> {
  const { threadId } = options
  if (typeof threadId !== 'string' || threadId === '') {
    throw new ConfigurationError('resumeWhenResolved.threadId', 'give the id of the conversation that the tools got')
  }
  const run = runOf(state._context)
  const approve = state.approve.bind(state)
  const items = state.getInterruptions().filter(isGuardedItem)
  const unreadable = items.filter(isUnreadable)
  if (items.length > unreadable.length && run.findings.size === 0) {
    throw new ConfigurationError(
      'resumeWhenResolved.state',
      'has no interrupts: save with saveRun and restore with restoreRun, in place of toString and fromString',
    )
  }
  const pending = pendingItems(state)
  const found = await findPauses(
    pending,
    ({ callId, item }) => pauseOf([threadId, `${run.id}/${callId}`], callOf(item)?.input ?? null),
    options,
  )
  const answered = [...found.resolved.map(({ item }) => item), ...unreadable]
  for (const item of answered) {
    const call = callOf(item)
    if (call !== undefined) run.asked.add(findingKey(call.name, call.callId, null))
    approve(item)
  }
  if (answered.length > 0) return { status: 'resolved', state }
  const isLost = pending.length === 0 && items.length > 0
  return { status: isLost ? 'unknown' : found.status, state }
}

function isGuardedItem(item: RunToolApprovalItem): boolean {
  const name = callOf(item)?.name
  return item.agent.tools.some((tool) => tool.type === 'function' && tool.name === name && isGuarded(tool.invoke))
}

/**
 * Returns whether the framework itself interrupted, because the arguments are not an object. It then calls no tool, and
 * asks the model to repair them.
 */
function isUnreadable(item: RunToolApprovalItem): boolean {
  const input = callOf(item)?.input
  return typeof input !== 'object' || input === null || Array.isArray(input)
}
