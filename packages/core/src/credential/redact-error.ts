import { redactTokens } from './redact-tokens.ts'
import type { Token } from './token.ts'

/** How many errors and containers are looked into. */
const BUDGET = 1_000

/**
 * Takes verbatim tokens out of what a body threw: message, stack, own fields, causes, and the errors and plain
 * values in them (E4). In place, so that the error stays the body's own object; an error that cannot be
 * changed and quotes a token is replaced. Class instances other than errors are out of reach.
 */
export function redactError(thrown: unknown, tokens: readonly Token[]): unknown {
  return tokens.length === 0 ? thrown : new ErrorRedaction(tokens).clean(thrown)
}

class ErrorRedaction {
  readonly #tokens: readonly Token[]
  readonly #seen = new Set<object>()

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens
  }

  clean(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return redactTokens(value, this.#tokens)
    if (this.#seen.has(value) || this.#seen.size >= BUDGET) return value
    this.#seen.add(value)
    if (value instanceof Error) return this.#error(value)
    const redacted = redactTokens(value, this.#tokens) as object
    // Errors in a plain value are no plain JSON, and so passed over by the line above.
    const isPlain = Array.isArray(redacted) || Object.getPrototypeOf(redacted) === Object.prototype
    return isPlain ? this.#members(redacted) : redacted
  }

  /** The same value, or a copy where an error in it had to be replaced. */
  #members(value: object): object {
    const members = Object.entries(value)
    const cleaned = members.map(([key, item]): [string, unknown] => [key, this.clean(item)])
    if (cleaned.every(([, item], index) => item === members[index]?.[1])) return value
    return Array.isArray(value) ? cleaned.map(([, item]) => item) : Object.fromEntries(cleaned)
  }

  #error(error: Error): Error {
    const fields = error as unknown as Record<PropertyKey, unknown>
    for (const key of Reflect.ownKeys(error)) {
      // `stack` may be an accessor; reading it is how it is seen by whoever logs the error.
      const value = fields[key]
      const cleaned = this.clean(value)
      if (cleaned === value) continue
      const enumerable = Object.getOwnPropertyDescriptor(error, key)?.enumerable === true
      const field = { value: cleaned, enumerable, writable: true, configurable: true }
      if (!Reflect.defineProperty(error, key, field)) return this.#replaced(error)
    }
    return error
  }

  #replaced(error: Error): Error {
    const other = new Error(redactTokens(error.message, this.#tokens))
    other.name = redactTokens(error.name, this.#tokens)
    return other
  }
}
