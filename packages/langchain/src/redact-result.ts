import type { Redactor } from '@behalf/core/spi'

/** Maximum depth of a result that is read, in levels. */
export const MAX_DEPTH = 64

type Fields = Readonly<Record<string, unknown>>

/**
 * Removes a call's tokens from LangChain's own types in a result: messages, documents, commands and their sends, at
 * every place. Leaves objects of other classes unchanged.
 * @returns The same value if there is nothing to replace, else a copy with the changes.
 */
export function redactResult(value: unknown, redact: Redactor): unknown {
  return new Redaction(redact).value(value, 0)
}

class Redaction {
  readonly #redact: Redactor
  readonly #above = new Set<object>()

  constructor(redact: Redactor) {
    this.#redact = redact
  }

  value(value: unknown, depth: number): unknown {
    if (typeof value === 'string') return this.#redact(value)
    if (typeof value !== 'object' || value === null || depth === MAX_DEPTH || this.#above.has(value)) return value
    if (!Array.isArray(value) && !isPlain(value) && !isLangChains(value)) return value
    this.#above.add(value)
    const members = dataOf(value).map(
      ([key, member]) => [key, this.#redact(key), this.value(member, depth + 1)] as const,
    )
    this.#above.delete(value)
    const isSame = members.every(([key, name, member]) => name === key && member === (value as Fields)[key])
    return isSame ? value : copyOf(value, members)
  }
}

type Member = readonly [key: string, name: string, value: unknown]

/** Returns the own data members. Omits getters, which may run any code. */
function dataOf(object: object): readonly (readonly [string, unknown])[] {
  return Object.keys(object).flatMap((key) => {
    const descriptor = Object.getOwnPropertyDescriptor(object, key)
    return descriptor !== undefined && 'value' in descriptor ? [[key, descriptor.value] as const] : []
  })
}

function copyOf(object: object, members: readonly Member[]): object {
  if (Array.isArray(object)) return members.map(([, , value]) => value)
  const copy: object = Object.create(Object.getPrototypeOf(object), Object.getOwnPropertyDescriptors(object))
  for (const [key, name, value] of members) {
    if (name !== key) Reflect.deleteProperty(copy, key)
    Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true })
  }
  return copy
}

export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * Returns whether a value is of LangChain: messages and other values in a checkpoint, documents, and LangGraph's
 * commands.
 */
function isLangChains(value: object): boolean {
  const { lc_kwargs, lg_name, pageContent, metadata } = value as Fields
  return (
    typeof lc_kwargs === 'object' ||
    typeof lg_name === 'string' ||
    (typeof pageContent === 'string' && typeof metadata === 'object')
  )
}
