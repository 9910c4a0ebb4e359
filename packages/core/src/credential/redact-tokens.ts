import { revealToken, type Token } from './token.ts'

const REPLACEMENT = '[token]'
/** What is looked at, in characters and values together (E4). */
const BUDGET = 256 * 1024
const MAX_DEPTH = 64

/**
 * Replaces verbatim tokens in a plain JSON value: in its texts and in its keys (E4).
 *
 * Returns the same value when there is nothing to replace, else a copy of what changed. Looks at 256 kB;
 * encodings of a token, binaries and class instances are out of its reach.
 */
export function redactTokens<Value>(value: Value, tokens: readonly Token[]): Value {
  if (tokens.length === 0 || (typeof value !== 'string' && typeof value !== 'object') || value === null) return value
  return new Redaction(secretsOf(tokens)).value(value, 0) as Value
}

/** The texts to look for. Longest first, so that a token that begins with another goes as a whole. */
export function secretsOf(tokens: readonly Token[]): readonly string[] {
  return tokens
    .map(revealToken)
    .filter((secret) => secret !== '')
    .sort((left, right) => right.length - left.length)
}

/** Replaces every occurrence of every secret. */
export function redactText(text: string, secrets: readonly string[]): string {
  let out = text
  for (const secret of secrets) if (out.includes(secret)) out = out.replaceAll(secret, REPLACEMENT)
  return out
}

class Redaction {
  readonly #secrets: readonly string[]
  /** Length of the shortest secret: most texts are shorter and need no look. */
  readonly #shortest: number
  #left = BUDGET

  constructor(secrets: readonly string[]) {
    this.#secrets = secrets
    this.#shortest = secrets.at(-1)?.length ?? Number.POSITIVE_INFINITY
  }

  value(value: unknown, depth: number): unknown {
    if (--this.#left < 0) return value
    if (typeof value === 'string') return this.#text(value)
    if (typeof value !== 'object' || value === null || depth === MAX_DEPTH) return value
    if (Array.isArray(value)) return this.#array(value, depth)
    const prototype = Object.getPrototypeOf(value)
    return prototype === Object.prototype || prototype === null ? this.#object(value, depth) : value
  }

  #text(text: string): string {
    this.#left -= text.length
    if (text.length < this.#shortest) return text
    return redactText(text, this.#secrets)
  }

  #array(array: readonly unknown[], depth: number): readonly unknown[] {
    let copy: unknown[] | undefined
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
