import type { Guard, Invocation, Outcome } from '@behalf/core'
import type { ToolCall } from '@behalf/example-stock-agent'

/** A guard, and what the demo shows of each call: who asked for what, and how it ended. */
export interface WatchedGuard {
  readonly guard: Guard
  readonly outcomes: readonly Outcome<unknown>[]
  /** The first call that the model wrote. Its id names Mastra's run and the call in it. */
  call(): ToolCall | undefined
}

/** Looks over a guard's shoulder. */
export function watchGuard(guard: Guard, onCall: (call: ToolCall) => void = () => {}): WatchedGuard {
  const outcomes: Outcome<unknown>[] = []
  let first: ToolCall | undefined
  const note = ({ tool, slot, input }: Invocation) => {
    if (first !== undefined) return
    first = { id: [slot].flat().join(' '), tool: tool as ToolCall['tool'], input }
    onCall(first)
  }
  const run: Guard['run'] = async (policy, invocation, body) => {
    note(invocation)
    const outcome = await guard.run(policy, invocation, body)
    outcomes.push(outcome)
    return outcome
  }
  return { guard: { ...guard, run }, outcomes, call: () => first }
}
