/** Allowed polling rate of a client, and the results that a test wants for the next poll. */
export interface Pace {
  /** Polling interval in seconds; each `slow_down` increases it. */
  interval: number
  /** Time of the last poll, in epoch milliseconds. */
  lastPollAt?: number
  /** Whether a test wants a `slow_down` for the next poll. */
  slowDownNext: boolean
  /** Whether a test wants the answer of the redemption lost. */
  loseAnswer: boolean
}

/** Timers may fire this much early, in milliseconds. A poll within this tolerance is not too early. */
const TIMER_SLACK = 100

/** Seconds that each `slow_down` adds (CIBA Core §11, RFC 8628 §3.5). */
const SLOW_DOWN = 5

/** Counts a poll. @returns the new interval, if the poll was too early or a test wants a `slow_down`. */
export function tooSoon(pace: Pace, now: number): number | undefined {
  const early = pace.lastPollAt !== undefined && now - pace.lastPollAt < pace.interval * 1000 - TIMER_SLACK
  pace.lastPollAt = now
  if (!early && !pace.slowDownNext) return undefined
  pace.slowDownNext = false
  pace.interval += SLOW_DOWN
  return pace.interval
}
