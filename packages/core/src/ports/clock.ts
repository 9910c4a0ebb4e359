/** The time, as a port: tests and replays set their own. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number
}

/** The clock of this machine. */
export const systemClock: Clock = { now: () => Date.now() }

/** Clocks are set by so much without a fault. Milliseconds. */
const TOLERANCE_MS = 30_000

/**
 * Whether the clock was set back since a value was stored in memory: its age is unknown then. So a value that may be used
 * for a time is used for twice that time at most.
 *
 * @param now - Epoch milliseconds.
 */
export const isSetBack = (now: number, storedAt: number): boolean => now < storedAt - TOLERANCE_MS

/** Whether a value that was stored in memory may still be used for `seconds` from then. `now`: epoch milliseconds. */
export const isRecent = (now: number, storedAt: number, seconds: number): boolean =>
  now < storedAt + seconds * 1000 && !isSetBack(now, storedAt)
