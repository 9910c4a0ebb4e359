import type { Guard, Identity } from '@behalf/core'
import { Command } from '@langchain/langgraph'
import { interruptsOf, type PausedState, type PendingInterrupt } from './interrupts-of.ts'
import { wakeUp } from './wake-up.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions {
  /** Guard whose tools paused, or another guard over the same store and keys. */
  readonly guard: Pick<Guard, 'pauses'>
  /** Identity that asks. Questions are read only under this identity. */
  readonly identity: Identity
  /** Aborts the lookups of the questions. @default they are not aborted */
  readonly signal?: AbortSignal
}

/**
 * Returns the command with which the graph can continue, or `undefined` while every question that it waits for is open.
 *
 * Checks once and does not wait: call it again after the interrupt's `interval`, or when the user returns. Wakes each
 * call that has its answer, by id; the others still wait. Run the command with the same `thread_id`, and with the
 * identity in `context` again: LangGraph keeps no context. A wake-up is no proof: the tool checks again before it runs.
 * Sign-in, connection and step-up have no record, so they are woken at once: call this after the user's action.
 *
 * Does not change interrupts that no guard with these keys made for their pause, and a question that is unknown or
 * another user's (the two look the same).
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
