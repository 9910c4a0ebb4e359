import { redactText, secretsOf } from './redact-text.ts'
import { isContainer, isError, isObject, keysOfError, partsOf, SearchBudget, Unsearchable } from './search-value.ts'
import type { Token } from './token.ts'

/**
 * Removes verbatim tokens from an error that a body threw, from its causes, and from all values in them (E4).
 *
 * Changes an error in place, so that it stays the body's own object; an error that cannot be changed is replaced. A
 * fixed error replaces everything if the search is impossible, because of size, depth or shape. It does so too if a
 * token cannot be removed, because an instance of a class holds it (E6).
 */
export function redactError(thrown: unknown, tokens: readonly Token[]): unknown {
  const secrets = secretsOf(tokens)
  if (secrets.length === 0) return thrown
  try {
    return new Search(secrets).finds(thrown) ? new Removal(secrets).clean(thrown, 0) : thrown
  } catch {
    // Catches errors besides `Unsearchable`: a getter or a proxy of the app may throw.
    return new Error('the tool failed; its error is not shown, since it cannot be searched for tokens')
  }
}

/** Searches for secrets, and changes nothing. */
class Search {
  readonly #secrets: readonly string[]
  readonly #budget = new SearchBudget()
  readonly #seen = new Set<object>()

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  /**
   * Returns whether anything must be cleaned: a secret was found, or a getter, which may return another value next
   * time.
   */
  finds(value: unknown): boolean {
    return this.#value(value, 0)
  }

  #value(value: unknown, depth: number): boolean {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value === 'symbol') return this.#unremovable(this.#text(value.description ?? ''))
    if (!isObject(value)) return false
    if (this.#seen.has(value)) return false
    this.#seen.add(value)
    this.#budget.object(depth)
    if (isError(value)) return this.#members(value, keysOfError(value), depth)
    if (isContainer(value)) return this.#members(value, Reflect.ownKeys(value), depth)
    let found = false
    for (const part of partsOf(value)) found = this.#value(part, depth + 1) || found
    return this.#unremovable(found)
  }

  #members(value: object, keys: readonly PropertyKey[], depth: number): boolean {
    let found = false
    for (const key of keys) {
      this.#budget.characters(1)
      const isGetter = key !== 'stack' && Object.getOwnPropertyDescriptor(value, key)?.get !== undefined
      const inKey = this.#value(key, depth)
      const inMember = this.#value((value as Record<PropertyKey, unknown>)[key], depth + 1)
      found = inKey || inMember || isGetter || found
    }
    return found
  }

  #text(text: string): boolean {
    this.#budget.characters(text.length)
    return this.#secrets.some((secret) => text.includes(secret))
  }

  /** @throws Unsearchable A secret is at a place from which it cannot be removed. */
  #unremovable(found: boolean): boolean {
    if (found) throw new Unsearchable()
    return false
  }
}

/** Takes secrets out: of errors in place, of arrays and plain objects in a copy. */
class Removal {
  readonly #secrets: readonly string[]
  readonly #budget = new SearchBudget()
  /** Results for objects that were already cleaned, so that a value that contains itself ends. */
  readonly #cleaned = new Map<object, unknown>()

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  clean(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return redactText(value, this.#secrets)
    if (!isObject(value)) return value
    if (this.#cleaned.has(value)) return this.#cleaned.get(value)
    this.#budget.object(depth)
    if (isError(value)) return this.#error(value, depth)
    if (isContainer(value)) return this.#copy(value, depth)
    // A getter may have given it only now.
    if (new Search(this.#secrets).finds(value)) throw new Unsearchable()
    return value
  }

  #copy(value: object, depth: number): object {
    const copy: object = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value))
    this.#cleaned.set(value, copy)
    for (const key of Reflect.ownKeys(value)) {
      if (key === 'length' && Array.isArray(value)) continue
      const name = typeof key === 'string' ? redactText(key, this.#secrets) : key
      define(copy, name, this.clean((value as Record<PropertyKey, unknown>)[key], depth + 1), isShown(value, key))
    }
    return copy
  }

  #error(error: Error, depth: number): Error {
    this.#cleaned.set(error, error)
    const fields = error as unknown as Readonly<Record<PropertyKey, unknown>>
    for (const key of keysOfError(error)) {
      // Read once: a getter may answer otherwise the next time.
      const value = fields[key]
      const cleaned = this.clean(value, depth + 1)
      const isGetter = key !== 'stack' && Object.getOwnPropertyDescriptor(error, key)?.get !== undefined
      const isNamed = typeof key === 'string' && redactText(key, this.#secrets) !== key
      if (isNamed) throw new Unsearchable()
      if (cleaned === value && !isGetter) continue
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

const isShown = (value: object, key: PropertyKey): boolean =>
  Object.getOwnPropertyDescriptor(value, key)?.enumerable === true

const define = (value: object, key: PropertyKey, field: unknown, enumerable: boolean): boolean =>
  Reflect.defineProperty(value, key, { value: field, enumerable, writable: true, configurable: true })
