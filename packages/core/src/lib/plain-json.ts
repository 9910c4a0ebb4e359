import type { Json } from '../contract/index.ts'

/** Deeper input is refused before it can exhaust the stack. */
const MAX_DEPTH = 64

export type Snapshot = { readonly value: Json } | { readonly problem: string }

class NotPlain extends Error {}

/**
 * Copies a value as plain JSON, frozen, or says what in it is not plain (A10).
 *
 * Getters are refused without being read: one that answers differently the second time would let
 * the approved and the executed input differ.
 */
export function snapshot(value: unknown): Snapshot {
  try {
    return { value: copy(value, 0, '$') }
  } catch (error) {
    if (error instanceof NotPlain) return { problem: error.message }
    throw error
  }
}

function copy(value: unknown, depth: number, path: string): Json {
  switch (typeof value) {
    case 'string':
      // RFC 8785 §3.2.2.2: lone surrogates have no canonical form.
      if (!value.isWellFormed()) throw new NotPlain(`${path} is not well-formed Unicode`)
      return value
    case 'boolean':
      return value
    case 'number':
      if (!Number.isFinite(value)) throw new NotPlain(`${path} is not a finite number`)
      return value
    case 'object':
      if (value === null) return null
      // A cycle is found by its depth as well.
      if (depth === MAX_DEPTH) throw new NotPlain(`${path} is nested deeper than ${MAX_DEPTH} levels, or a cycle`)
      return Array.isArray(value) ? copyArray(value, depth, path) : copyObject(value, depth, path)
    default:
      throw new NotPlain(`${path} is a ${typeof value}`)
  }
}

function copyArray(value: readonly unknown[], depth: number, path: string): Json {
  if (Object.getPrototypeOf(value) !== Array.prototype) throw new NotPlain(`${path} is an instance of a class`)
  // One key an item and nothing else: no hole, no named property, no symbol.
  if (Reflect.ownKeys(value).length !== value.length + 1) throw new NotPlain(`${path} is a sparse or extended array`)
  const out: Json[] = []
  for (let index = 0; index < value.length; index++) {
    const descriptor = Object.getOwnPropertyDescriptor(value, index)
    if (descriptor === undefined || !('value' in descriptor)) throw new NotPlain(`${path}[${index}] is a getter`)
    out.push(copy(descriptor.value, depth + 1, `${path}[${index}]`))
  }
  return Object.freeze(out)
}

function copyObject(value: object, depth: number, path: string): Json {
  const prototype = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) throw new NotPlain(`${path} is an instance of a class`)
  const out: Record<string, Json> = {}
  for (const key of Reflect.ownKeys(value)) {
    if (typeof key === 'symbol') throw new NotPlain(`${path} has a symbol key`)
    if (key === '__proto__') throw new NotPlain(`${path} has a __proto__ key`)
    if (!key.isWellFormed()) throw new NotPlain(`${path} has a key that is not well-formed Unicode`)
    const descriptor = Object.getOwnPropertyDescriptor(value, key)
    if (descriptor === undefined || !('value' in descriptor)) throw new NotPlain(`${path}.${key} is a getter`)
    // An absent optional field; JSON has no other way to say so.
    if (descriptor.value === undefined) continue
    out[key] = copy(descriptor.value, depth + 1, `${path}.${key}`)
  }
  return Object.freeze(out)
}

/** Same value by meaning: key order does not count; -0 and 0 are one, as in JSON. */
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

/** The first path that `raw` has and `out` lacks: something that a schema would drop in silence. */
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

/** Freezes a value and all that it holds. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const key of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[key])
  }
  return value
}
