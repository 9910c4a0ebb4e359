import type { BehalfError } from '../base/errors/index.ts'
import type { ApprovalAnswer } from '../runs/channels/approval-channel.ts'
import { type CibaState, storedState } from './wire.ts'

/** Maximum wait between polls after faults. Seconds. */
const MAX_WAIT_SECONDS = 120

/**
 * Postpones the next poll after one without a usable response: longer with each consecutive fault, to a random time
 * (E2). Never sooner than the interval, nor than the server asked for.
 * @param now - Epoch seconds.
 */
export function postpone(
  state: CibaState,
  error: BehalfError,
  now: number,
  random: () => number = Math.random,
): ApprovalAnswer {
  const faults = (state.faults ?? 0) + 1
  const most = Math.min(MAX_WAIT_SECONDS, state.interval * 2 ** faults)
  const asked = 'retryAfter' in error && typeof error.retryAfter === 'number' ? error.retryAfter : 0
  return {
    status: 'pending',
    found: state.received === undefined ? 'nothing' : 'answered',
    interval: state.interval,
    // Adds jitter to the server's value: it sent the same value to every client.
    retryAfter: Math.max(asked, state.interval) + random() * Math.max(0, most - state.interval),
    state: storedState({ ...state, faults, respondedAt: now }),
  }
}
