import type { Guard, Invocation, Outcome } from '@behalf/core'
import type { ToolCall } from '@behalf/example-stock-agent'

/** A guard, and what the demo shows of each call: who asked for what, and how it ended. */
export interface WatchedGuard {
  readonly guard: Guard
  readonly outcomes: readonly Outcome<unknown>[]
  /** The first call that the model wrote. */
  call(): ToolCall | undefined
}

/** Looks over a guard's shoulder. The AI SDK asks it before a call (`preflight`) and in it (`run`). */
export function watchGuard(guard: Guard, onCall: (call: ToolCall) => void = () => {}): WatchedGuard {
  const outcomes: Outcome<unknown>[] = []
  let first: ToolCall | undefined
  const note = ({ tool, slot, input }: Invocation) => {
    if (first !== undefined) return
    first = { id: typeof slot === 'string' ? slot : slot[1], tool: tool as ToolCall['tool'], input }
    onCall(first)
  }
  const preflight: Guard['preflight'] = async (policy, invocation) => {
    note(invocation)
    const outcome = await guard.preflight(policy, invocation)
    if (outcome.status !== 'ready') outcomes.push(outcome)
    return outcome
  }
  const run: Guard['run'] = async (policy, invocation, body) => {
    note(invocation)
    const outcome = await guard.run(policy, invocation, body)
    outcomes.push(outcome)
    return outcome
  }
  return { guard: { ...guard, preflight, run }, outcomes, call: () => first }
}
