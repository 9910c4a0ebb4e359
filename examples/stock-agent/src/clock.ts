import type { Clock } from '@behalf/core'

/** The machine's clock, which can be set ahead, so that a wait takes no time. */
export interface MovableClock extends Clock {
  /** Advances the clock. In real time, it waits. */
  forward(seconds: number): void | Promise<void>
}

export function movableClock(): MovableClock {
  let ahead = 0
  return {
    now: () => Date.now() + ahead * 1000,
    forward(seconds) {
      ahead += Math.max(0, Math.ceil(seconds))
    },
  }
}
