import type { RunConfig } from './run-config.ts'

/** Calls that are under way, by the task that they belong to: LangGraph has one scratchpad a task. */
const underWay = new WeakMap<object, Set<Promise<unknown>>>()

/** LangGraph's own record of a task's interrupts. Not of its public API; absent outside a graph. */
export function scratchpadOf({ configurable }: RunConfig): object | undefined {
  const scratchpad = configurable?.__pregel_scratchpad
  return typeof scratchpad === 'object' && scratchpad !== null ? scratchpad : undefined
}

/**
 * Runs a call of a task, and lets it wait for the other calls there.
 *
 * LangGraph's prebuilt `ToolNode` runs all calls of a step in one task, and an interrupt of one ends the task while
 * the others still work; resumed, all run again. A call that pauses therefore lets them come to their end first, so
 * that what they did is on record. In `createAgent` each call is a task of its own, and has nobody to wait for.
 */
export function amongSiblings(
  task: object,
  run: (siblingsDone: () => Promise<void>) => Promise<unknown>,
): Promise<unknown> {
  const calls = underWay.get(task) ?? new Set()
  underWay.set(task, calls)
  const own: Promise<unknown> = run(async () => {
    calls.delete(own)
    while (calls.size > 0) await Promise.allSettled(calls)
  })
  calls.add(own)
  return own.finally(() => calls.delete(own))
}
