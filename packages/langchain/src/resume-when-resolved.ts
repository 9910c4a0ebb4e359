import { findPauses, type WaitingOptions } from '@behalf/core/spi'
import { Command } from '@langchain/langgraph'
import { interruptsOf, type PausedState } from './interrupts-of.ts'
import { wakeUp } from './wake-up.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions extends WaitingOptions {}

/** Result of {@link resumeWhenResolved}. */
export interface Resumed {
  /**
   * `resolved`: at least one call has its answer: run `command`. `open`: no call has it yet. `nothing`: no guarded call
   * waits. `unknown`: calls wait that this guard will never answer. Their questions are unknown or another user's (the
   * two look the same), or no guard with these keys made them for their pause.
   */
  readonly status: 'open' | 'resolved' | 'nothing' | 'unknown'
  /** The command that wakes the calls. Present if `resolved`. */
  readonly command?: Command
}

/**
 * Looks up the questions of the waiting calls, and returns the command with which the graph can continue.
 *
 * Checks once and does not wait: call it again after the interrupt's `interval`, or when the user returns. Wakes each
 * call that has its answer, by id; the others still wait. Run the command with the same `thread_id`, and with the
 * identity in `context` again: LangGraph keeps no context. A wake-up is no proof: the tool checks again before it runs.
 * Sign-in, connection and step-up have no record, so they are woken at once: call this after the user's action.
 *
 * Ignores interrupts that no guard with these keys made for their pause, and questions that are unknown or another
 * user's (the two look the same).
 *
 * @param state - `await graph.getState(config)`, or the result of `invoke`.
 * @throws ConfigurationError No verification made the identity.
 * @throws InvalidTokenError The identity has expired: sign in again.
 * @throws TransportError, StoreError No answer was found, and not all could be looked up: try again later.
 */
export async function resumeWhenResolved(state: PausedState, options: ResumeOptions): Promise<Resumed> {
  const { status, resolved } = await findPauses(interruptsOf(state), ({ id }) => id, options)
  if (status !== 'resolved') return { status }
  const resume = Object.fromEntries(resolved.map(({ id }) => [id, wakeUp]))
  return { status, command: new Command({ resume }) }
}
