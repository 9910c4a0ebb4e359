import { orNothing } from '../../base/values/plain-json.ts'
import type { Token } from '../token.ts'
import { errorRedactor } from './redact-error.ts'
import { redactText, secretsOf } from './redact-text.ts'
import { isError } from './search-value.ts'

/** Maximum amount to search, in characters and values together (E4). */
const BUDGET = 256 * 1024
/** Maximum depth: more than the JSON of any server, and far less than the stack allows. */
const MAX_DEPTH = 1_000

/**
 * Replaces verbatim tokens in what JSON shows of a value: in its strings and in its keys (E4).
 *
 * Returns the same value if there is nothing to replace, else a copy with the changes: plain, and without a cycle.
 * Searches 256 kB. Does not find encodings of a token, tokens in binaries, or tokens in class instances (other than
 * errors) that are neither in their own fields nor in what their `toJSON` returns.
 */
export function redactTokens<Value>(value: Value, tokens: readonly Token[]): Value {
  // Stryker disable next-line ConditionalExpression: Only saves work: without tokens nothing is found.
  if (tokens.length === 0 || new Redaction(tokens).value(value, 0) === value) return value
  // A copy of a value that contains itself must not contain the value.
  return new Redaction(tokens, '[circular]').value(value, 0) as Value
}

class Redaction {
  #redactError: ((error: unknown) => unknown) | undefined
  readonly #secrets: readonly string[]
  /** Replaces a value within itself. */
  readonly #circular: string | undefined
  /** Objects around the value that is being searched. */
  readonly #around = new Set<object>()
  #left = BUDGET

  constructor(tokens: readonly Token[], circular?: string) {
    this.#secrets = secretsOf(tokens)
    this.#circular = circular
  }

  value(value: unknown, depth: number): unknown {
    // Stryker disable next-line EqualityOperator: Each value also checks the budget itself, and a list has no values behind its end. The difference is one character of 262,144.
    if (--this.#left < 0) return value
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null || depth === MAX_DEPTH || ArrayBuffer.isView(value)) return value
    if (isError(value)) {
      // Errors occur within values, such as in the results of `Promise.allSettled`.
      this.#redactError ??= errorRedactor(this.#secrets)
      return this.#redactError(value)
    }
    if (this.#around.has(value)) return this.#circular ?? value
    this.#around.add(value)
    const written = orNothing(() => writtenOf(value))
    const clean = this.#written(written, depth)
    this.#around.delete(value)
    return clean === written ? value : clean
  }

  #written(written: unknown, depth: number): unknown {
    if (typeof written === 'string') return this.#text(written)
    if (typeof written !== 'object' || written === null) return written
    return Array.isArray(written) ? this.#array(written, depth) : this.#object(written, depth)
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
    let isSame = true
    const copy = Object.keys(source).map((key) => {
      const item = orNothing(() => source[key])
      const part = [this.#text(key), this.value(item, depth + 1)] as const
      isSame &&= part[0] === key && Object.is(part[1], item)
      return part
    })
    // `fromEntries` defines its properties: a `__proto__` key stays a key.
    return isSame ? object : Object.fromEntries(copy)
  }
}

/** Returns what frameworks write as JSON for an object: what its `toJSON` returns, or the object with its own fields. */
function writtenOf(object: object): unknown {
  const written: unknown = 'toJSON' in object && typeof object.toJSON === 'function' ? object.toJSON('') : object
  return written instanceof String ? `${written}` : written
}
