import type { Guard, Identity } from '@behalf/core'
import { Command } from '@langchain/langgraph'
import { interruptsOf, type PausedState, type PendingInterrupt } from './interrupts-of.ts'
import { wakeUp } from './wake-up.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions {
  /** The guard whose tools paused, or another one over the same store and keys. */
  readonly guard: Pick<Guard, 'pauses'>
  /** Who asks. Questions are looked up under this identity only. */
  readonly identity: Identity
  /** Aborts the lookups of the questions. @default they are not aborted */
  readonly signal?: AbortSignal
}

/**
 * The command with which the graph can go on, or `undefined` while all that it waits for is open.
 *
 * One look, no waiting: call it again after the interrupt's `interval`, or when the user comes back. Wakes each call
 * that has its answer, by id; the others go on waiting. Run the command with the same `thread_id`, and with the
 * identity in `context` once more: LangGraph keeps no context. A wake-up is no proof: the tool checks again before
 * it runs. Sign-in, connection and step-up have no record, so they are woken at once: call this when the user has
 * done what was asked.
 *
 * Leaves alone interrupts that no guard with these keys made for the pause that holds them, and a question that is
 * unknown or another user's (the two are not told apart).
 *
 * @param state - `await graph.getState(config)`, or the result of `invoke`.
 * @throws InvalidTokenError The identity has expired: sign in again.
 * @throws TransportError, StoreError Nothing is known; try again later.
 */
export async function resumeWhenResolved(state: PausedState, options: ResumeOptions): Promise<Command | undefined> {
  const looked = await Promise.all(
    interruptsOf(state).map(async (pending) => ((await isResolved(pending, options)) ? pending.id : undefined)),
  )
  const resolved = looked.filter((id) => id !== undefined)
  if (resolved.length === 0) return undefined
  return new Command({ resume: Object.fromEntries(resolved.map((id) => [id, wakeUp])) })
}

async function isResolved(
  { id, interrupt }: PendingInterrupt,
  { guard, identity, signal }: ResumeOptions,
): Promise<boolean> {
  const state = await guard.pauses.stateOf(interrupt, { pause: id, identity, ...(signal !== undefined && { signal }) })
  return state !== undefined && state !== 'open'
}
