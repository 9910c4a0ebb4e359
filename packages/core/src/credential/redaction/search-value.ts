import { inspect } from '../../base/process/async.ts'
import { orNothing } from '../../base/values/plain-json.ts'

/** Maximum number of characters, bytes and entries to search in one value, over all passes. */
const MAX_CHARACTERS = 3 * 1024 * 1024
/** Number of characters that are searched in the time that an object takes. */
const OBJECT_CHARACTERS = 100
/** Number of characters that are searched in the time that a member of an object or a collection takes. */
const MEMBER_CHARACTERS = 20
/** Maximum depth of nested values. It keeps the stack from overflowing. */
const MAX_DEPTH = 200

/** A value that cannot be searched for tokens, because of its size, depth or shape. */
class Unsearchable extends Error {}

/** Searches for secrets, and changes nothing. All passes of one redaction share a budget. */
export class Search {
  readonly #secrets: readonly string[]
  /** Objects in which nothing was found. Errors of one result often share a request, which is searched once. */
  readonly #clean = new Set<object>()
  /** Objects that this pass has reached. */
  #reached = new Set<object>()
  #countsGetters = true
  #characters = MAX_CHARACTERS

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
  }

  /**
   * Returns whether a value shows a secret. With `getters`, an own getter of an error or of a plain value counts as
   * one: it may return another value next time.
   *
   * @throws The value cannot be searched, because of its size, depth or shape, or because a proxy in it refuses.
   */
  finds(value: unknown, getters: boolean): boolean {
    this.#countsGetters = getters
    this.#reached = new Set()
    if (this.#value(value, 0)) return true
    for (const one of this.#reached) this.#clean.add(one)
    return false
  }

  /** @throws Unsearchable One object more is too much, or too deep. */
  spend(depth: number): void {
    if (depth > MAX_DEPTH) throw new Unsearchable()
    this.#count(OBJECT_CHARACTERS)
  }

  #value(value: unknown, depth: number): boolean {
    if (typeof value === 'string') return this.#text(value)
    if (typeof value === 'symbol') return this.#text(value.description ?? '')
    if (!isObject(value) || this.#clean.has(value) || this.#reached.has(value)) return false
    this.#reached.add(value)
    this.spend(depth)
    // Before the list of its keys is made, and before bytes become a text.
    if (Array.isArray(value) || value instanceof String) this.#count(value.length * MEMBER_CHARACTERS)
    if (isBytes(value)) this.#count(value.byteLength)
    if (this.#members(value, depth)) return true
    const onMember = () => this.#count(MEMBER_CHARACTERS)
    return contentOf(value, onMember).some((part) => this.#value(part, depth + 1))
  }

  #members(value: object, depth: number): boolean {
    const countsGetters = this.#countsGetters && canBeCleaned(value)
    const keys = keysOf(value)
    this.#count(keys.length * MEMBER_CHARACTERS)
    return keys.some(
      (key) =>
        (countsGetters && isGetter(value, key)) ||
        this.#value(key, depth) ||
        this.#value(
          shownBy(() => value[key as never]),
          depth + 1,
        ),
    )
  }

  #text(text: string): boolean {
    this.#count(text.length)
    return this.#secrets.some((secret) => text.includes(secret))
  }

  #count(characters: number): void {
    this.#characters -= characters
    if (this.#characters < 0) throw new Unsearchable()
  }
}

/** Returns whether it is an error, of this realm or of another. */
export const isError = (value: object): value is Error => value instanceof Error || tagOf(value) === 'Error'

/** Returns whether a value may hold others: a function has properties too. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Returns whether secrets can be taken out of it: an error, an array, or an object without a class. */
export function canBeCleaned(value: object): boolean {
  if (Array.isArray(value) || isError(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Returns whether a property is computed. Node computes the stack of an error, always as the same text. */
export const isGetter = (value: object, key: PropertyKey): boolean =>
  key !== 'stack' && Object.getOwnPropertyDescriptor(value, key)?.get !== undefined

/**
 * Returns the names of the properties that a value shows: its own, those that its classes compute, and those that
 * every error has.
 */
export function keysOf(value: object): readonly PropertyKey[] {
  if (isBytes(value)) return namedKeysOf(value)
  const own = Reflect.ownKeys(value)
  if (typeof value === 'function') return own.filter((key) => key !== 'prototype')
  const keys = new Set<PropertyKey>(['name', 'message', 'stack', Symbol.toStringTag, ...own])
  let prototype: unknown = Object.getPrototypeOf(value)
  for (let depth = 0; isObject(prototype) && !Object.hasOwn(prototype, 'isPrototypeOf'); depth++) {
    if (depth > MAX_DEPTH) throw new Unsearchable()
    for (const key of Reflect.ownKeys(prototype)) if (isGetter(prototype, key)) keys.add(key)
    prototype = Object.getPrototypeOf(prototype)
  }
  // The symbols of a web stream are its state, in promises: nothing prints them.
  const isStream = [ReadableStream, WritableStream, TransformStream].some((type) => value instanceof type)
  return [...keys].filter((key) => typeof key === 'string' || !isStream)
}

const isBytes = (value: object): value is ArrayBufferView | ArrayBuffer =>
  ArrayBuffer.isView(value) || value instanceof ArrayBuffer

/** Returns the keys of bytes, without those of their items: a list of these takes a hundred times their memory. */
function namedKeysOf(bytes: object): readonly PropertyKey[] {
  const keys: PropertyKey[] = Object.getOwnPropertySymbols(bytes)
  for (const key in bytes) if (Number.isNaN(Number(key))) keys.push(key)
  return keys
}

/** Collections whose content is no property. */
const collections = [Map, Set, Headers, URLSearchParams, FormData]

/** Methods that show only what is searched already. That of an array writes equal items again and again. */
const ordinary: readonly unknown[] = [Function.prototype.toString, Array.prototype.toString]

/** Depth to which a method for `console.log` is asked to print. */
const PRINTED_DEPTH = 10

/**
 * Returns what a value shows besides its properties: the content of built-in classes, and what its own methods write.
 *
 * Does not read the bodies of requests and responses: nothing prints them.
 *
 * @throws Unsearchable Nothing of it can be read here, and loggers print it: a promise, or an iterator of a map or set.
 */
function contentOf(value: object, onMember: () => void): readonly unknown[] {
  const tag = tagOf(value)
  if (value instanceof Promise || /^(Promise|Weak(Map|Set)|(Map|Set) Iterator)$/.test(tag)) throw new Unsearchable()
  // Each byte is one character: tokens are ASCII.
  if (isBytes(value)) return [new TextDecoder('latin1').decode(value)]
  const type = collections.find((type) => value instanceof type || tag === type.name)
  const printed: unknown[] = []
  if (type !== undefined) {
    // Printers ignore the method of a subclass of a map or a set. It throws for any other value.
    const { entries } = type === Map || type === Set ? type.prototype : (value as Map<unknown, unknown>)
    for (const entry of entries.call(value as never)) {
      onMember()
      printed.push(...entry)
    }
  }
  const print = (part: unknown) => `${printed.push(part)}`
  const options = { depth: PRINTED_DEPTH, maxStringLength: null, stylize: String }
  return [
    written(value, 'toJSON', ''),
    written(value, 'toString'),
    written(value, 'valueOf'),
    written(value, Symbol.toPrimitive, 'string'),
    written(value, Symbol.toPrimitive, 'default'),
    written(value, inspect, PRINTED_DEPTH, options, print),
    ...printed,
  ]
}

/** Returns what a method of a value returns or throws. */
const written = (value: object, name: PropertyKey, ...given: readonly unknown[]): unknown =>
  shownBy(() => {
    const method: unknown = value[name as never]
    const result: unknown = typeof method === 'function' && !ordinary.includes(method) && method.call(value, ...given)
    // No call waits for it, and its rejection would end the process.
    if (result instanceof Promise) result.catch(() => {})
    // `JSON.stringify` writes the fields of the result, and does not ask that for its JSON again.
    return name === 'toJSON' && isObject(result) ? Object.entries(result).flat() : result
  })

/** Returns what code of the app returns, or what it throws: loggers print both. */
function shownBy(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

/** Returns the tag of a value, or none: a getter of the app may throw. */
const tagOf = (value: object): string => orNothing(() => Object.prototype.toString.call(value).slice(8, -1)) ?? ''
