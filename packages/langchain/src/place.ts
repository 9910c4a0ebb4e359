import { namespaceOf, scratchpadOf, threadOf } from './graph-task.ts'
import { answersItself, enclosing } from './nesting.ts'
import { type RunConfig, toolCallIdOf } from './run-config.ts'

/** Number of equal calls that an attempt of a task has begun. */
const begun = new WeakMap<object, Map<string, number>>()

/**
 * Returns the place of a call, the same after a restart: it names pauses. It contains the thread, so that the proof of
 * a pause is useless in another thread. Without a model's id, it contains the input too: code that runs again may make
 * its calls in another order, and each keeps its answer.
 */
export function placeOf(name: string, input: unknown, config: RunConfig): readonly unknown[] {
  const id = toolCallIdOf(config)
  const isNamed = id !== undefined && answersItself(config, name)
  const own = [enclosing()?.place, id, name, isNamed ? undefined : textOf(input)]
  return [threadOf(config), namespaceOf(config), own, count(config.executionInfo ?? scratchpadOf(config), own)]
}

function count(attempt: object | undefined, call: readonly unknown[]): number {
  if (attempt === undefined) return 0
  const key = JSON.stringify(call)
  const counts = begun.get(attempt) ?? new Map<string, number>()
  begun.set(attempt, counts)
  const before = counts.get(key) ?? 0
  counts.set(key, before + 1)
  return before
}

/** Returns the JSON text of an input. The guard later refuses an input that has none. */
function textOf(input: unknown): string | undefined {
  try {
    return JSON.stringify(input)
  } catch {
    return undefined
  }
}
