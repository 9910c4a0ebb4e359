import { ConfigurationError } from '../errors/index.ts'

/** RFC 6749 §3.3: printable ASCII without space, double quote and backslash. */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/

export function isScopeToken(value: unknown): value is string {
  return typeof value === 'string' && scopeToken.test(value)
}

/** Checks a list of at least one scope token, without duplicates. Returns a frozen copy. */
export function scopeList(option: string, value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0)
    throw new ConfigurationError(option, 'give an array of at least one scope, or leave it out')
  const list: unknown[] = [...value]
  list.forEach((scope: unknown, index) => {
    if (!isScopeToken(scope)) {
      throw new ConfigurationError(`${option}[${index}]`, 'is not a scope: one word of printable ASCII (RFC 6749 §3.3)')
    }
    if (list.indexOf(scope) !== index) throw new ConfigurationError(`${option}[${index}]`, 'is there twice')
  })
  return Object.freeze(list as string[])
}
