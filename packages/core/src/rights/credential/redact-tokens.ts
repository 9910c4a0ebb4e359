import { jsonOf } from '../../base/values/plain-json.ts'
import { errorRedactor } from './redact-error.ts'
import { redactText, secretsOf } from './redact-text.ts'
import { canBeCleaned, isError } from './search-value.ts'
import type { Token } from './token.ts'

/** Maximum amount to search, in characters and values together (E4). */
const BUDGET = 256 * 1024
/** Maximum depth: more than the JSON of any server, and far less than the stack allows. */
const MAX_DEPTH = 1_000

/**
 * Replaces verbatim tokens in a plain JSON value: in its strings and in its keys (E4).
 *
 * Returns the same value if there is nothing to replace, else a copy with the changes. Searches 256 kB. Does not find
 * encodings of a token, tokens in binaries, or tokens in class instances (other than errors) that their JSON does not
 * show.
 */
export function redactTokens<Value>(value: Value, tokens: readonly Token[]): Value {
  // Stryker disable next-line ConditionalExpression: Only saves work: without tokens nothing is found.
  return tokens.length === 0 ? value : (new Redaction(tokens).value(value, 0) as Value)
}

class Redaction {
  #redactError: ((error: unknown) => unknown) | undefined
  readonly #secrets: readonly string[]
  #left = BUDGET

  constructor(tokens: readonly Token[]) {
    this.#secrets = secretsOf(tokens)
  }

  value(value: unknown, depth: number): unknown {
    // Stryker disable next-line EqualityOperator: Each value also checks the budget itself, and a list has no values behind its end. The difference is one character of 262,144.
    if (--this.#left < 0) return value
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null || depth === MAX_DEPTH) return value
    if (Array.isArray(value)) return this.#array(value, depth)
    if (!isError(value)) {
      return canBeCleaned(value) && !isWrittenByItself(value) ? this.#object(value, depth) : this.#instance(value)
    }
    // Errors occur within values, such as in the results of `Promise.allSettled`.
    this.#redactError ??= errorRedactor(this.#secrets)
    return this.#redactError(value)
  }

  /** Frameworks write results as JSON. If that JSON contains a token, the redacted JSON replaces the instance. */
  #instance(instance: object): unknown {
    if (ArrayBuffer.isView(instance)) return instance
    const json = jsonOf(instance)
    if (json === undefined) return instance
    const clean = this.#text(json)
    return clean === json ? instance : JSON.parse(clean)
  }

  #text(text: string): string {
    this.#left -= text.length
    return redactText(text, this.#secrets)
  }

  #array(array: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | undefined
    // Stryker disable next-line ConditionalExpression,EqualityOperator: Each value also checks the budget itself, and a list has no values behind its end. The difference is one character of 262,144.
    for (let index = 0; index < array.length && this.#left > 0; index++) {
      const clean = this.value(array[index], depth + 1)
      if (clean === array[index]) continue
      copy ??= [...array]
      copy[index] = clean
    }
    return copy ?? array
  }

  #object(object: object, depth: number): object {
    const source = object as Readonly<Record<string, unknown>>
    const keys = Object.keys(source)
    let copy: [string, unknown][] | undefined
    for (const [index, key] of keys.entries()) {
      const item = source[key]
      const name = this.#text(key)
      const clean = this.value(item, depth + 1)
      if (copy === undefined && name === key && clean === item) continue
      copy ??= keys.slice(0, index).map((before) => [before, source[before]])
      copy.push([name, clean])
    }
    // `fromEntries` defines its properties: a `__proto__` key stays a key.
    return copy === undefined ? object : Object.fromEntries(copy)
  }
}

const isWrittenByItself = (value: object): boolean => 'toJSON' in value && typeof value.toJSON === 'function'
