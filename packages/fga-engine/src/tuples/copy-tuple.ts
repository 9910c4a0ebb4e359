import { problemOfContext } from './context-problem.ts'
import type { Tuple } from './tuple.ts'

/** A frozen copy of a tuple. */
export function copyOfTuple({ user, relation, object, condition }: Tuple): Tuple {
  if (condition === undefined || condition === null) return Object.freeze({ user, relation, object })
  const context = copyOfContext(condition.context ?? {})
  return Object.freeze({ user, relation, object, condition: Object.freeze({ name: condition.name, context }) })
}

/** A frozen copy of a context. What is no JSON stays as it is: it is refused where contexts are checked. */
export const copyOfContext = <Context>(context: Context): Context =>
  problemOfContext(context) === undefined ? (frozen(context) as Context) : context

function frozen(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  const copy = Array.isArray(value)
    ? value.map(frozen)
    : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, frozen(inner)]))
  return Object.freeze(copy)
}
