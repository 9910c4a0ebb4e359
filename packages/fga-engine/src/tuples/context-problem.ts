import { hasControl } from './names.ts'

/** How many objects and lists may stand within each other. */
const MAX_CONTEXT_DEPTH = 1000

/** How many values there may be in all: an object that names itself twice has no end of them. */
const MAX_CONTEXT_VALUES = 1_000_000

/**
 * Why a context is refused: it is no JSON, too deep, or has control characters, in keys or in texts.
 *
 * A number that JSON cannot write (`1e400` is read as infinity) would be more than any limit.
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

/** Of this realm or another: what stands above it has nothing above itself. */
function isPlain(value: object): boolean {
  const above: unknown = Object.getPrototypeOf(value)
  return above === null || Object.getPrototypeOf(above) === null
}
