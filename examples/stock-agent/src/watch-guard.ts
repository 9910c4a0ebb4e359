import type { Guard, Invocation, Outcome, Slot } from '@behalf/core'
import type { ToolCall } from './agent.ts'

/** A guard, with the demo's record of each call: the request and the outcome. */
export interface WatchedGuard {
  readonly guard: Guard
  readonly outcomes: readonly Outcome<unknown>[]
  /** The first call that the model wrote. */
  call(): ToolCall | undefined
}

/**
 * Observes a guard: before a call (`preflight`), if the framework asks then, and in it (`run`).
 * @param idOf - Returns the id by which the framework repeats that call.
 */
export function watchGuard(
  guard: Guard,
  idOf: (slot: Slot) => string,
  onCall: (call: ToolCall) => void = () => {},
): WatchedGuard {
  const outcomes: Outcome<unknown>[] = []
  let first: ToolCall | undefined
  const note = ({ tool, slot, input }: Invocation) => {
    if (first !== undefined) return
    first = { id: idOf(slot), tool: tool as ToolCall['tool'], input }
    onCall(first)
  }
  const preflight = async (...asked: Parameters<Guard['preflight']>) => {
    note(asked[1])
    const outcome = await guard.preflight(...asked)
    if (outcome.status !== 'ready') outcomes.push(outcome)
    return outcome
  }
  const run = async (...asked: Parameters<Guard['run']>) => {
    note(asked[1])
    const outcome = await guard.run(...asked)
    outcomes.push(outcome)
    return outcome
  }
  return { guard: { ...guard, preflight, run } as Guard, outcomes, call: () => first }
}
