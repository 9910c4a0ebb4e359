import type { Guard, Outcome } from '@behalf/core'

/** A guard that also notes how each run ended. */
export interface RecordedGuard {
  readonly guard: Guard
  readonly outcomes: readonly Outcome<unknown>[]
}

/** Looks over a guard's shoulder: an adapter tells its framework how a call ended, and this tells the demo. */
export function recordOutcomes(guard: Guard): RecordedGuard {
  const outcomes: Outcome<unknown>[] = []
  const run: Guard['run'] = async (policy, invocation, body) => {
    const outcome = await guard.run(policy, invocation, body)
    outcomes.push(outcome)
    return outcome
  }
  return { guard: { ...guard, run }, outcomes }
}
