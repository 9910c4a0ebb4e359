import { AsyncLocalStorage } from 'node:async_hooks'

/** The arguments of the call that LangChain parses now, until the guard takes them. */
interface Written {
  arguments: unknown
}

const scope = new AsyncLocalStorage<Written>()

/** LangChain's `call` of a tool: parses its arguments, and comes to the tool's body. */
export type ParsingCall = (this: unknown, input: unknown, ...rest: unknown[]) => unknown

/**
 * Keeps what the caller wrote. LangChain parses before the guard, and a schema that fills in something else each time
 * would give each try of a call another name.
 */
export function keepingWritten(call: ParsingCall): ParsingCall {
  return function (input, ...rest) {
    return scope.run({ arguments: plainCopy(argumentsOf(input)) }, () => call.call(this, input, ...rest))
  }
}

/**
 * Takes the arguments as the caller wrote them. `undefined` where they are not plain JSON, or where the body was called
 * without LangChain's `call`: then the call is known by what was parsed.
 */
export function takeWritten(): unknown {
  const written = scope.getStore()
  if (written === undefined) return undefined
  const taken = written.arguments
  // What the body calls by another way is not this call.
  written.arguments = undefined
  return taken
}

/** `call` takes a whole tool call, too. */
function argumentsOf(input: unknown): unknown {
  return isRecord(input) && input.type === 'tool_call' && isRecord(input.args) ? input.args : input
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null

/** A copy, since the caller may change its object while LangChain parses; `undefined` of what JSON cannot say. */
function plainCopy(value: unknown): unknown {
  try {
    const copy: unknown = JSON.parse(JSON.stringify(value))
    return isSame(copy, value) ? copy : undefined
  } catch {
    return undefined
  }
}

function isSame(copy: unknown, value: unknown): boolean {
  if (Object.is(copy, value)) return true
  if (!isRecord(copy) || !isRecord(value) || Object.getPrototypeOf(copy) !== Object.getPrototypeOf(value)) return false
  const keys = Reflect.ownKeys(value)
  return (
    keys.length === Reflect.ownKeys(copy).length &&
    keys.every((key) => Object.hasOwn(copy, key) && isSame(copy[key as string], value[key as string]))
  )
}
