import type { Json } from '../contract/index.ts'

/**
 * One text for one meaning: keys sorted by UTF-16 code units, numbers as ECMAScript writes them.
 *
 * The input must be plain JSON already (`snapshot`); `JSON.stringify` then writes primitives as the
 * scheme demands.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8785#section-3.2 | RFC 8785 §3.2}
 */
export function canonicalJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`
  const object = value as { readonly [key: string]: Json }
  const members = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key] as Json)}`)
  return `{${members.join(',')}}`
}
