import type { Clock } from '@behalf/core'

/** The machine's clock, read at each call: fake timers that replace `Date` are followed. */
export const machineClock: Clock = { now: () => Date.now() }

/** Epoch seconds, rounded down, as JWT times are written. */
export function epochSeconds(clock: Clock = machineClock): number {
  return Math.floor(clock.now() / 1000)
}
