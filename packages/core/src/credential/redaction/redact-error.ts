import type { Token } from '../token.ts'
import { redactText, secretsOf } from './redact-text.ts'
import { canBeCleaned, isError, isGetter, isObject, keysOf, Search } from './search-value.ts'

/**
 * Removes verbatim tokens from an error that a body threw, from its causes, and from all values in them (E4).
 *
 * Changes an error in place, so that it stays the body's own object; an error that cannot be changed is replaced. All
 * that the cleaned error shows is searched again. A fixed error replaces it if it still shows a token, for example
 * by its `toJSON`, or if the search is impossible, because of size, depth or shape (E6).
 */
export function redactError(thrown: unknown, tokens: readonly Token[]): unknown {
  return errorRedactor(secretsOf(tokens))(thrown)
}

/** {@link redactError} for the errors of one result: they share a budget, and what they share is searched once. */
export function errorRedactor(secrets: readonly string[]): (thrown: unknown) => unknown {
  if (secrets.length === 0) return (thrown) => thrown
  const search = new Search(secrets)
  const removal = new Removal(secrets, search)
  return (thrown) => {
    try {
      if (!search.finds(thrown, true)) return thrown
      const cleaned = removal.clean(thrown, 0)
      if (!search.finds(cleaned, false)) return cleaned
    } catch {
      // Catches all errors: a getter or a proxy of the app may throw.
    }
    return new Error('the tool failed; its error is not shown, since it cannot be searched for tokens')
  }
}

/** Takes secrets out: of errors in place, of arrays and plain objects in a copy. */
class Removal {
  readonly #secrets: readonly string[]
  readonly #search: Search
  /** Results for objects that were already cleaned, so that a value that contains itself ends. */
  readonly #cleaned = new Map<object, unknown>()

  constructor(secrets: readonly string[], search: Search) {
    this.#secrets = secrets
    this.#search = search
  }

  clean(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return redactText(value, this.#secrets)
    if (!isObject(value) || !canBeCleaned(value)) return value
    if (this.#cleaned.has(value)) return this.#cleaned.get(value)
    this.#search.spend(depth)
    return isError(value) ? this.#error(value, depth) : this.#copy(value, depth)
  }

  #copy(value: object, depth: number): object {
    const copy: object = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value))
    this.#cleaned.set(value, copy)
    for (const key of Reflect.ownKeys(value)) {
      if (key === 'length' && Array.isArray(value)) continue
      const name = typeof key === 'string' ? redactText(key, this.#secrets) : key
      define(copy, name, this.clean(value[key as never], depth + 1), isShown(value, key))
    }
    return copy
  }

  #error(error: Error, depth: number): Error {
    this.#cleaned.set(error, error)
    for (const key of keysOf(error)) {
      // Read once: a getter may answer otherwise the next time.
      const value: unknown = error[key as never]
      const cleaned = this.clean(value, depth + 1)
      if (cleaned === value && !isGetter(error, key)) continue
      // The slot behind the message of a `DOMException` cannot be set.
      const isDone = !(error instanceof DOMException) && define(error, key, cleaned, isShown(error, key))
      if (!isDone) return this.#replaced(error)
    }
    return error
  }

  #replaced(error: Error): Error {
    const [message, name] = [redactText(error.message, this.#secrets), redactText(error.name, this.#secrets)]
    const other = error instanceof DOMException ? new DOMException(message, name) : new Error(message)
    if (!(error instanceof DOMException)) define(other, 'name', name, false)
    this.#cleaned.set(error, other)
    return other
  }
}

const isShown = (value: object, key: PropertyKey): boolean => Object.prototype.propertyIsEnumerable.call(value, key)

const define = (value: object, key: PropertyKey, field: unknown, enumerable: boolean): boolean =>
  Reflect.defineProperty(value, key, { value: field, enumerable, writable: true, configurable: true })
