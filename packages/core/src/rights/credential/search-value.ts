/** Maximum number of objects and entries to search in one value. */
const MAX_OBJECTS = 10_000
/** Maximum number of characters and bytes to search in one value. */
const MAX_CHARACTERS = 1024 * 1024
/** Maximum depth of nested values. It keeps the stack from overflowing. */
const MAX_DEPTH = 200

/** A value that cannot be searched for tokens, because of its size, depth or shape. */
export class Unsearchable extends Error {}

/** Remaining budget for the search of one value. Counts objects, characters and depth. */
export class SearchBudget {
  #objects = MAX_OBJECTS
  #characters = MAX_CHARACTERS

  /** @throws Unsearchable The value is too large or too deep. */
  object(depth: number): void {
    if (--this.#objects < 0 || depth > MAX_DEPTH) throw new Unsearchable()
  }

  /** @throws Unsearchable The value is too large. */
  characters(count: number): void {
    this.#characters -= count
    if (this.#characters < 0) throw new Unsearchable()
  }
}

/** Returns whether it is an error, of this realm or of another. */
export function isError(value: object): value is Error {
  return value instanceof Error || Object.prototype.toString.call(value) === '[object Error]'
}

/** Returns whether a value may hold others: a function has properties too. */
export function isObject(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

/** Returns whether a value is an array or an object without a class: such a value can be copied without loss. */
export function isContainer(value: object): boolean {
  if (Array.isArray(value)) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * Returns the property names of an error: its own, those that every error has, and those that its classes compute.
 *
 * The message of a `DOMException` is no property of its own.
 */
export function keysOfError(error: Error): readonly PropertyKey[] {
  const keys = new Set<PropertyKey>(['name', 'message', 'stack', ...Reflect.ownKeys(error)])
  let prototype: unknown = Object.getPrototypeOf(error)
  for (let depth = 0; typeof prototype === 'object' && prototype !== null && prototype !== Error.prototype; depth++) {
    if (depth > MAX_DEPTH) throw new Unsearchable()
    if (prototype === Object.prototype) break
    for (const key of Reflect.ownKeys(prototype)) {
      if (Object.getOwnPropertyDescriptor(prototype, key)?.get !== undefined) keys.add(key)
    }
    prototype = Object.getPrototypeOf(prototype)
  }
  return [...keys]
}

/**
 * Returns the values that a function or an instance of a class shows: its own properties, and the values that built-in
 * classes hold.
 *
 * Does not read prototypes, or the bodies of requests and responses: nothing prints them.
 *
 * @throws Unsearchable Nothing of it can be read here, and loggers print it: a promise, or an iterator of a map or set.
 */
export function partsOf(instance: object): readonly unknown[] {
  if (instance instanceof Promise || isCollectionIterator(instance)) throw new Unsearchable()
  const isFunction = typeof instance === 'function'
  const keys = ArrayBuffer.isView(instance) ? [] : Reflect.ownKeys(instance)
  const own = isFunction ? keys.filter((key) => key !== 'prototype') : keys
  const fields = instance as Readonly<Record<PropertyKey, unknown>>
  return [...own, ...own.map((key) => fields[key]), ...held(instance)]
}

/** Returns whether a value is a collection's iterator: reading it would consume it. */
const isCollectionIterator = (value: object): boolean =>
  /^\[object (?:Map|Set) Iterator\]$/.test(Object.prototype.toString.call(value))

function held(instance: object): readonly unknown[] {
  if (instance instanceof String || instance instanceof Symbol) return [instance.valueOf()]
  if (instance instanceof Map || instance instanceof Headers || instance instanceof URLSearchParams) {
    return [...instance].flat()
  }
  if (instance instanceof Set) return [...instance]
  if (instance instanceof FormData) return [...instance].flat()
  if (instance instanceof URL) return [instance.href]
  if (instance instanceof RegExp) return [instance.source]
  if (instance instanceof Request) return [instance.url, instance.headers]
  if (instance instanceof Response) return [instance.url, instance.statusText, instance.headers]
  if (instance instanceof ArrayBuffer) return [textOfBytes(new Uint8Array(instance))]
  if (ArrayBuffer.isView(instance)) {
    return [textOfBytes(new Uint8Array(instance.buffer, instance.byteOffset, instance.byteLength))]
  }
  return []
}

/** Maps each byte to one character: tokens are ASCII. */
function textOfBytes(bytes: Uint8Array): string {
  if (bytes.length > MAX_CHARACTERS) throw new Unsearchable()
  return new TextDecoder('latin1').decode(bytes)
}
