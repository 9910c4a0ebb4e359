import { Refusal } from '../http/refusal.ts'
import type { ServerContext } from './server-context.ts'

/** Allowed polling rate of a client, and the results that a test wants for the next poll. */
export interface Pace {
  /** Polling interval in seconds; each `slow_down` increases it. */
  interval: number
  /** Epoch milliseconds. */
  lastPollAt?: number
  slowDownNext: boolean
  loseAnswer: boolean
}

/** Timers may fire this much early, in milliseconds. A poll within this tolerance is not too early. */
const TIMER_SLACK = 100

/** Seconds that each `slow_down` adds (CIBA Core §11, RFC 8628 §3.5). */
const SLOW_DOWN = 5

/** @returns the new interval, if the poll was too early or a test wants a `slow_down`. */
export function tooSoon(pace: Pace, now: number): number | undefined {
  const early = pace.lastPollAt !== undefined && now - pace.lastPollAt < pace.interval * 1000 - TIMER_SLACK
  pace.lastPollAt = now
  if (!early && !pace.slowDownNext) return undefined
  pace.slowDownNext = false
  pace.interval += SLOW_DOWN
  return pace.interval
}

/** @throws Refusal `slow_down`: the poll was too early, or a test wants one. */
export function requirePace({ clock }: ServerContext, pace: Pace): void {
  const interval = tooSoon(pace, clock.now())
  if (interval === undefined) return
  throw new Refusal('slow_down', `poll every ${interval} seconds`, {
    headers: { 'retry-after': String(interval) },
    members: { interval },
  })
}
