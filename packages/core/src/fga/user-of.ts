import type { FgaObject, UserIdentity } from '../contract/index.ts'
import { ConfigurationError, InvalidObjectError } from '../errors/index.ts'
import { MAX_USER_BYTES, nameOf } from './object.ts'

/** What the user is called in the permission system. */
export type UserOf = (identity: UserIdentity) => FgaObject

/**
 * Names users `user:{sub}`. Serves one issuer and one tenant: `sub` says nothing across them (F4).
 *
 * The first issuer seen is the one served; another is refused, and so is a tenant that was not named.
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
 * Percent-encodes what has a meaning in an OpenFGA name, and `%` itself, so that two subjects never
 * get one name; `decodeURIComponent` gives the subject back.
 */
export function encodeSubject(subject: string): string {
  if (!subject.isWellFormed()) throw new InvalidObjectError('the subject is not well-formed Unicode')
  return subject.replace(/[%:#*\s\p{Cc}]/gu, (character) =>
    // encodeURIComponent leaves it as it is.
    character === '*' ? '%2A' : encodeURIComponent(character),
  )
}
