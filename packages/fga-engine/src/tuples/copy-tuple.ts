import { problemOfContext } from './context-problem.ts'
import type { Tuple } from './tuple.ts'

/** A frozen copy of a tuple. */
export function copyOfTuple({ user, relation, object, condition }: Tuple): Tuple {
  if (condition === undefined || condition === null) return Object.freeze({ user, relation, object })
  const context = copyOfContext(condition.context ?? {})
  return Object.freeze({ user, relation, object, condition: Object.freeze({ name: condition.name, context }) })
}

/** Returns a frozen copy of a context. A value that is not JSON is not copied: the check of contexts refuses it. */
export const copyOfContext = <Context>(context: Context): Context =>
  problemOfContext(context) === undefined ? (frozen(context) as Context) : context

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const copy = Array.isArray(value)
    ? value.map(frozen)
    : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, frozen(inner)]))
  return Object.freeze(copy)
}
