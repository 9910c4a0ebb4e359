import type { FgaObject, UserIdentity } from '../../base/contract/index.ts'
import { ConfigurationError, InvalidObjectError } from '../../base/errors/index.ts'

/** Maximum sizes, set by the server, in bytes of UTF-8. */
const MAX_OBJECT_BYTES = 256
export const MAX_USER_BYTES = 512

const typeForm = /^[^:#@*\s\p{Cc}]{1,254}$/u
/** Characters that would turn an id into a userset, a wildcard or another type. */
const meaningful = /[:#*\s\p{Cc}]/u

/**
 * Returns the name of an OpenFGA object. Only this function makes names, since ids often come from a model's input.
 *
 * Refuses an id that is empty, that makes the name longer than 256 bytes, or that contains `:`, `#`, `*`, white space
 * or control characters: `*` as an id would match every object.
 *
 * @param type - A type of the authorization model, such as `portfolio`. From code, never from input.
 * @param id - The object's own id, as your data has it.
 * @throws ConfigurationError The type is not one word, or contains one of `:#@*`.
 * @throws InvalidObjectError The id is refused. Let it pass through a rule: the call is denied.
 */
export function object(type: string, id: string): FgaObject {
  return nameOf(type, id, MAX_OBJECT_BYTES)
}

/** Makes a name as `object` does, with another limit: users may have longer names. */
function nameOf(type: string, id: string, maxBytes: number): FgaObject {
  if (typeof type !== 'string' || !typeForm.test(type)) {
    throw new ConfigurationError('type', 'give the name of a type of your authorization model: one word without ":#@*"')
  }
  const problem = problemOf(type, id, maxBytes)
  if (problem !== undefined) throw new InvalidObjectError(`the id for an object of type ${type} ${problem}`)
  return `${type}:${id}` as FgaObject
}

function problemOf(type: string, id: unknown, maxBytes: number): string | undefined {
  if (typeof id !== 'string') return `is a ${typeof id}, not a string`
  if (id === '') return 'is empty'
  if (meaningful.test(id)) return 'holds ":", "#", "*", white space or a control character'
  if (!id.isWellFormed()) return 'is not well-formed Unicode'
  if (!fits(`${type}:${id}`, maxBytes)) return `makes a name longer than ${maxBytes} bytes`
  return undefined
}

/**
 * Returns whether text has at most this number of bytes in UTF-8. Most strings are so short that they need no encoding.
 */
export function fits(text: string, maxBytes: number): boolean {
  // Stryker disable next-line ConditionalExpression,EqualityOperator: Only saves the encoding of short texts: their size is within the limit.
  return text.length * 3 <= maxBytes || new TextEncoder().encode(text).length <= maxBytes
}

/** Returns whether a text is a full object name, such as `agent:trader`. An agent needs such a name in questions. */
export function isObjectName(text: unknown, maxBytes: number = MAX_OBJECT_BYTES): text is FgaObject {
  if (typeof text !== 'string') return false
  const colon = text.indexOf(':')
  if (colon === -1) return false
  const type = text.slice(0, colon)
  return typeForm.test(type) && problemOf(type, text.slice(colon + 1), maxBytes) === undefined
}

/** Name of the user in the permission system. */
export type UserOf = (identity: UserIdentity) => FgaObject

/**
 * Names users `user:{sub}`. Serves one issuer and one tenant: `sub` does not identify a user across them (F4).
 *
 * Serves the first issuer that it sees. Refuses another issuer, and a tenant that was not named.
 */
export function nameBySubject(tenant: string | undefined): UserOf {
  let issuer: string | undefined
  return (identity) => {
    issuer ??= identity.issuer
    if (identity.issuer !== issuer) {
      throw new ConfigurationError(
        'userOf',
        'users come from several issuers: give userOf, so that no two share a name',
      )
    }
    if (identity.tenant !== tenant) {
      throw new ConfigurationError(
        'userOf',
        'a user comes from a tenant that `tenant` does not name: name it, or give userOf where there are several',
      )
    }
    return nameOf('user', encodeSubject(identity.subject), MAX_USER_BYTES)
  }
}

/**
 * Percent-encodes the characters with a meaning in an OpenFGA name, and `%` itself, so that two subjects never get one
 * name. `decodeURIComponent` returns the subject.
 */
export function encodeSubject(subject: string): string {
  if (!subject.isWellFormed()) throw new InvalidObjectError('the subject is not well-formed Unicode')
  return subject.replace(/[%:#*\s\p{Cc}]/gu, (character) =>
    // `encodeURIComponent` does not encode it.
    character === '*' ? '%2A' : encodeURIComponent(character),
  )
}
