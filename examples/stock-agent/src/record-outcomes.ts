import type { Guard, Outcome } from '@behalf/core'

/** A guard that also notes how each run ended. */
export interface RecordedGuard {
  readonly guard: Guard
  readonly outcomes: readonly Outcome<unknown>[]
}

/** Records the outcomes of a guard: an adapter reports them to its framework, and this reports them to the demo. */
export function recordOutcomes(guard: Guard): RecordedGuard {
  const outcomes: Outcome<unknown>[] = []
  const run = async (...asked: Parameters<Guard['run']>) => {
    const outcome = await guard.run(...asked)
    outcomes.push(outcome)
    return outcome
  }
  return { guard: { ...guard, run } as Guard, outcomes }
}
