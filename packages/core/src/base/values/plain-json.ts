import type { Json } from '../contract/index.ts'

const decoder = new TextDecoder()

/** Returns what a function returns, or `undefined` if it throws. */
export function orNothing<Value>(read: () => Value): Value | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

/** Returns what a JSON text holds; `undefined` if it is not JSON. A parser's own error would quote the text. */
export const parsedJson = (text: string | Uint8Array): unknown =>
  orNothing(() => JSON.parse(typeof text === 'string' ? text : decoder.decode(text)))

/** Returns the JSON of a value, or `undefined` if it has none: then nothing can write it. */
export const jsonOf = (value: unknown): string | undefined => orNothing(() => JSON.stringify(value))

/** Maximum nesting. Deeper input is refused before it can exhaust the stack. */
const MAX_DEPTH = 64

export type Snapshot = { readonly value: Json } | { readonly problem: string; readonly isTooLarge?: true }

/**
 * Copies a value as plain JSON, frozen, or names the part that is not plain (A10).
 *
 * `-0` becomes `0`: JSON has one zero. Refuses getters without reading them: a getter that returns another value the
 * second time would let the approved and the executed input differ.
 *
 * @param maxBytes - Maximum size, as UTF-8 JSON without white space and escapes. A larger value is refused as soon as
 *   its size is known, before the rest is copied.
 */
export function snapshot(value: unknown, maxBytes = Number.POSITIVE_INFINITY): Snapshot {
  try {
    return { value: copy(value, 0, new Size(maxBytes)) }
  } catch (error) {
    if (error instanceof TooLarge) return { problem: error.message, isTooLarge: true }
    if (!(error instanceof NotPlain)) throw error
    return { problem: `$${error.path.reverse().join('')} ${error.message}` }
  }
}

/**
 * Thrown at the value that is not plain. Each level above adds its own name to the path, so that plain values need no
 * path.
 */
class NotPlain extends Error {
  readonly path: string[] = []

  at(key: string): this {
    this.path.push(key)
    return this
  }
}

/** Error about the size of a value, not about a place in it. */
class TooLarge extends Error {
  constructor(bytes: number, most: number) {
    super(`has at least ${bytes} bytes, and at most ${most} are allowed`)
  }
}

/** Size of the data copied so far. */
class Size {
  readonly #most: number
  #bytes = 0

  constructor(most: number) {
    this.#most = most
  }

  add(bytes: number): void {
    this.#bytes += bytes
    this.expect(0)
  }

  /** Announces that at least this number of bytes will follow. */
  expect(bytes: number): void {
    const least = this.#bytes + bytes
    if (least > this.#most) throw new TooLarge(least, this.#most)
  }

  /**
   * Counts the bytes of a text with its quotes. Refuses lone surrogates, which have no canonical form (RFC 8785
   * §3.2.2.2).
   */
  text(text: string, what: string): void {
    // The length is checked first, so that a text that is too large is not read.
    this.add(text.length + 2)
    if (!notAscii.test(text)) return
    if (!text.isWellFormed()) throw new NotPlain(`${what} not well-formed Unicode`)
    this.add(encoder.encode(text).length - text.length)
  }
}

const notAscii = /[^\0-\x7F]/
const encoder = new TextEncoder()

function copy(value: unknown, depth: number, size: Size): Json {
  switch (typeof value) {
    case 'string':
      size.text(value, 'is')
      return value
    case 'boolean':
      size.add(value ? 4 : 5)
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new NotPlain('is not a finite number')
      size.add(String(value).length)
      return value === 0 ? 0 : value
    case 'object':
      if (value === null) {
        size.add(4)
        return null
      }
      // A cycle is found by its depth as well.
      if (depth === MAX_DEPTH) throw new NotPlain(`is nested deeper than ${MAX_DEPTH} levels, or a cycle`)
      return Array.isArray(value) ? copyArray(value, depth, size) : copyObject(value, depth, size)
    default:
      throw new NotPlain(`is a ${typeof value}`)
  }
}

function copyArray(value: readonly unknown[], depth: number, size: Size): Json {
  if (Object.getPrototypeOf(value) !== Array.prototype) throw new NotPlain('is an instance of a class')
  // Brackets and commas, and a byte an item: known before anything is read.
  size.add(value.length + 1)
  size.expect(value.length)
  // One key for each item and no other key: no hole, no named property, no symbol.
  if (Object.keys(value).length !== value.length || Object.getOwnPropertySymbols(value).length > 0) {
    throw new NotPlain('is a sparse or extended array')
  }
  const out: Json[] = []
  for (let index = 0; index < value.length; index++) {
    out.push(copyMember(value, index, depth, size))
  }
  return Object.freeze(out)
}

function copyObject(value: object, depth: number, size: Size): Json {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) {
    // No call waits for a promise, and its rejection would end the process.
    Promise.resolve(value).catch(() => {})
    throw new NotPlain('is an instance of a class')
  }
  if (Object.getOwnPropertySymbols(value).length > 0) throw new NotPlain('has a symbol key')
  const out: Record<string, Json> = {}
  size.add(1)
  // JSON has no non-enumerable members: no code gets them, the schema included.
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new NotPlain('has a __proto__ key')
    // The colon, and a comma or brace.
    size.add(2)
    size.text(key, 'has a key that is')
    const member = copyMember(value, key, depth, size)
    // An absent optional field; JSON has no other form for it.
    if (member !== undefined) out[key] = member
  }
  return Object.freeze(out)
}

function copyMember<Place extends string | number>(
  holder: object,
  key: Place,
  depth: number,
  size: Size,
): Place extends number ? Json : Json | undefined
function copyMember(holder: object, key: string | number, depth: number, size: Size): Json | undefined {
  try {
    const descriptor = Object.getOwnPropertyDescriptor(holder, key)
    if (descriptor === undefined || !('value' in descriptor)) throw new NotPlain('is a getter')
    if (descriptor.value === undefined && typeof key === 'string') return undefined
    return copy(descriptor.value, depth + 1, size)
  } catch (error) {
    throw error instanceof NotPlain ? error.at(typeof key === 'number' ? `[${key}]` : `.${key}`) : error
  }
}

/** Returns whether two values mean the same: the order of keys does not count, and -0 equals 0, as in JSON. */
export function equalJson(left: Json, right: Json): boolean {
  if (left === right) return true
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return false
  if (Array.isArray(left) || Array.isArray(right)) {
    if (!Array.isArray(left) || !Array.isArray(right) || left.length !== right.length) return false
    return left.every((item, index) => equalJson(item, right[index] as Json))
  }
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every(
    (key) =>
      Object.hasOwn(right, key) &&
      equalJson((left as Record<string, Json>)[key] as Json, (right as Record<string, Json>)[key] as Json),
  )
}

/** Returns whether a value, copied as plain JSON, means the same. A value that is not plain never does. */
export function meansSame(value: unknown, json: Json): boolean {
  const copied = snapshot(value)
  return 'value' in copied && equalJson(copied.value, json)
}

/** Returns the first path that `raw` has and `out` lacks: a value that the schema dropped. */
export function missingIn(raw: Json, out: Json, path = '$'): string | undefined {
  if (typeof raw !== 'object' || raw === null || typeof out !== 'object' || out === null) return undefined
  for (const key of Object.keys(raw)) {
    const at = Array.isArray(raw) ? `${path}[${key}]` : `${path}.${key}`
    if (!Object.hasOwn(out, key)) return at
    const deeper = missingIn((raw as Record<string, Json>)[key] as Json, (out as Record<string, Json>)[key] as Json, at)
    if (deeper !== undefined) return deeper
  }
  return undefined
}

/**
 * Freezes a value and all that it holds.
 *
 * @returns whether that was all of it: `false` where it nests deeper than 64 levels, which could exhaust the stack.
 */
export function deepFreeze(value: unknown, depth = 0): boolean {
  // Stryker disable next-line ConditionalExpression: Every value that is not an object counts as frozen, so the last clause gives the same result.
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return true
  if (depth === MAX_DEPTH) return false
  Object.freeze(value)
  for (const key of Object.keys(value)) {
    const held = (value as Record<string, unknown>)[key]
    // Most values are text and numbers, and a call for each would take most of the time.
    // Stryker disable next-line ConditionalExpression: Only saves a call, which returns `true` for every value that is not an object.
    if (typeof held === 'object' && held !== null && !deepFreeze(held, depth + 1)) return false
  }
  return true
}

/**
 * Returns the canonical text of a value: keys sorted by UTF-16 code units, numbers as ECMAScript writes them. Two values
 * have the same text only if they are the same JSON.
 *
 * @throws TypeError A value in it is no JSON: `undefined`, a number that is not finite, or half a character.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8785#section-3.2 | RFC 8785 §3.2}
 */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const object = value as { readonly [key: string]: Json }
    const members = Object.keys(object)
      .sort()
      .map((key) => `${canonicalJson(key)}:${canonicalJson(object[key] as Json)}`)
    return `{${members.join(',')}}`
  }
  const isJson = value === null || typeof value === 'boolean' || Number.isFinite(value) || isWellFormed(value)
  if (!isJson) throw new TypeError(`a ${typeof value} has no canonical JSON`)
  return JSON.stringify(value)
}

const isWellFormed = (value: unknown): boolean => typeof value === 'string' && value.isWellFormed()
