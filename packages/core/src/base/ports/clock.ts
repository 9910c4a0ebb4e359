/** The time, as a port: tests and replays set their own. */
export interface Clock {
  /** Returns the time, in epoch milliseconds. */
  now(): number
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => Date.now() }

/** Normal correction of a clock, in milliseconds. */
const TOLERANCE_MS = 30_000

/**
 * Returns whether the clock was set back since a value was stored in memory: then its age is unknown. So a value that
 * may be used for a time is used for at most twice that time.
 * @param now - Epoch milliseconds.
 */
export const isSetBack = (now: number, storedAt: number): boolean => now < storedAt - TOLERANCE_MS

/**
 * Returns whether a value that was stored in memory may still be used for `seconds` from then. `now`: epoch
 * milliseconds.
 */
export const isRecent = (now: number, storedAt: number, seconds: number): boolean =>
  now < storedAt + seconds * 1000 && !isSetBack(now, storedAt)
