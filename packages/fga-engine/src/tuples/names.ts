// Which texts name what, character by character as the server reads them.

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/
const OBJECT = /^[^:# ]+:[^:# ]+$/
const USERSET = /^[^:# ]+:[^:#* ]+#[^:#* ]+$/
const RELATION = /^[^#:@ ]+$/

/** Returns whether a text has control characters, which OpenFGA refuses in names and contexts. */
export const hasControl = (text: string): boolean => CONTROL.test(text)

/** Returns whether a text names an object, such as `document:1` or `user:*`. */
export const isObject = (text: string): boolean => OBJECT.test(text) && !hasControl(text)

/** `group:1#member` */
export const isUserset = (text: string): boolean => USERSET.test(text) && !hasControl(text)

export const isRelationName = (text: string): boolean => RELATION.test(text) && !hasControl(text)

/** `user:*` */
export const isWildcard = (text: string): boolean => text.endsWith(':*') && text.indexOf(':') === text.length - 2

/** Returns the part before the first colon. */
export function typeOf(text: string): string {
  const colon = text.indexOf(':')
  return colon === -1 ? '' : text.slice(0, colon)
}

/** Splits a userset: `group:1#member` is `group:1` and `member`. */
export function splitUserset(text: string): readonly [object: string, relation: string] {
  const hash = text.lastIndexOf('#')
  return hash === -1 ? [text, ''] : [text.slice(0, hash), text.slice(hash + 1)]
}
