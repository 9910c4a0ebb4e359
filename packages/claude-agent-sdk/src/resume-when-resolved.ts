import { findPauses, type PausesFound, type WaitingOptions } from '@behalf/core/spi'
import type { PendingCall } from './guard-tools-options.ts'
import { pauseOf } from './request.ts'

/** Options of {@link resumeWhenResolved}. */
export interface ResumeOptions extends WaitingOptions {}

/** Result of {@link resumeWhenResolved}. */
export interface Resumed {
  /**
   * `resolved`: each question has its answer: call `query` with `resume` and a prompt, and give the calls to
   * `guardTools` as `pending`. `open`: a question has no answer yet. `nothing`: no call waits. `unknown`: calls wait
   * that this guard will never answer. Their questions are unknown or another user's (the two look the same), or no
   * guard with these keys made them for these arguments and this session.
   */
  readonly status: PausesFound<unknown>['status']
}

/**
 * Looks up the questions of the waiting calls.
 *
 * Checks once and does not wait: call it again after the interrupt's `interval`, or when the user returns. A resumed
 * session is only a wake-up, also after a denial: hook and tool check again before the call runs, and inform the model.
 * Sign-in, connection and step-up have no record, so they are answered at once: call this after the user's action. A
 * call that is not answered is deferred again, and asks no second question.
 *
 * @param pending - What {@link interruptsOf} returned.
 * @throws ConfigurationError No verification made the identity.
 * @throws InvalidTokenError The identity has expired, or was revoked: sign in again.
 * @throws TransportError, StoreError Nothing is known; try again later.
 */
export async function resumeWhenResolved(pending: readonly PendingCall[], options: ResumeOptions): Promise<Resumed> {
  const { guard, identity, signal } = options
  const own = { guard: { pauses: guard.pauses }, identity, ...(signal !== undefined && { signal }) }
  // One by one: Claude Code resumes one call, which carries out those beside it.
  const found = await Promise.all(structuredClone(pending).map((one) => findPauses([one], pauseOf, own)))
  const statuses = new Set(found.map(({ status }) => status))
  for (const status of ['open', 'resolved', 'unknown'] as const) if (statuses.has(status)) return { status }
  return { status: 'nothing' }
}
