/** The time, as a port: tests and replays set their own. */
export interface Clock {
  /** Returns the time, in epoch milliseconds. */
  now(): number
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => Date.now() }

/** Difference of clocks that tokens and records tolerate, in seconds. Also a normal correction of a clock. */
export const TOLERANCE_SECONDS = 30

/**
 * Returns whether the clock was set back since a value was stored in memory: then its age is unknown. So a value that
 * may be used for a time is used for at most twice that time.
 * @param now - Epoch milliseconds.
 */
export const isSetBack = (now: number, storedAt: number): boolean => now < storedAt - TOLERANCE_SECONDS * 1000

/**
 * Returns whether a value that was stored in memory may still be used for `seconds` from then. `now`: epoch
 * milliseconds.
 */
export const isRecent = (now: number, storedAt: number, seconds: number): boolean =>
  now < storedAt + seconds * 1000 && !isSetBack(now, storedAt)
