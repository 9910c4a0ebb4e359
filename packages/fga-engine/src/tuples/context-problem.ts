import { hasControl } from './names.ts'

/** Maximum nesting of objects and lists. */
const MAX_CONTEXT_DEPTH = 1000

/** Maximum number of values in all: an object that contains itself twice never ends. */
const MAX_CONTEXT_VALUES = 1_000_000

/**
 * Returns the reason why a context is refused: it is no JSON, too deep, or has control characters, in keys or in
 * strings.
 *
 * A number that JSON cannot write (`1e400` is read as infinity) would exceed any limit.
 */
export function problemOfContext(context: unknown): string | undefined {
  let level: readonly unknown[] = [context]
  let values = 0
  for (let depth = 0; level.length > 0; depth++) {
    values += level.length
    if (depth > MAX_CONTEXT_DEPTH) return `context is more than ${MAX_CONTEXT_DEPTH} levels deep`
    if (values > MAX_CONTEXT_VALUES) return `context has more than ${MAX_CONTEXT_VALUES} values`
    for (const value of level) {
      const problem = problemOfValue(value)
      if (problem !== undefined) return problem
    }
    level = level.flatMap(valuesIn)
  }
  return undefined
}

const valuesIn = (value: unknown): readonly unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value) : []

function problemOfValue(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return hasControl(value) ? 'context value contains forbidden characters' : undefined
    case 'number':
      return Number.isFinite(value) ? undefined : 'context value is a number that is not finite'
    case 'bigint':
    case 'function':
    case 'symbol':
      return `context value is a ${typeof value}, which is not JSON`
    case 'object':
      if (value === null || Array.isArray(value)) return undefined
      if (!isPlain(value)) return 'context value is an object of a class, which is not JSON'
      return Object.keys(value).some(hasControl) ? 'context key contains forbidden characters' : undefined
    default:
      return undefined
  }
}

/** Returns whether an object is plain, of this realm or another: its prototype has no prototype. */
function isPlain(value: object): boolean {
  const above: unknown = Object.getPrototypeOf(value)
  return above === null || Object.getPrototypeOf(above) === null
}
