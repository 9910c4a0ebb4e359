import { namespaceOf, type Scratchpad, scratchpadOf, threadOf } from './graph-task.ts'
import { enclosing } from './nesting.ts'
import { type RunConfig, toolCallIdOf } from './run-config.ts'

/** How many calls of one name a task has begun, by its scratchpad. */
const begun = new WeakMap<Scratchpad, Map<string, number>>()

/**
 * Where a call stands, the same after a restart: what its pauses are named by. The thread is part of it, so that the
 * proof of a pause is of no use in another thread.
 */
export function placeOf(name: string, config: RunConfig): readonly unknown[] {
  const own = [enclosing()?.place, toolCallIdOf(config), name]
  return [threadOf(config), namespaceOf(config), own, count(scratchpadOf(config), JSON.stringify(own))]
}

function count(scratchpad: Scratchpad | undefined, key: string): number {
  if (scratchpad === undefined) return 0
  const counts = begun.get(scratchpad) ?? new Map<string, number>()
  begun.set(scratchpad, counts)
  const before = counts.get(key) ?? 0
  counts.set(key, before + 1)
  return before
}
