import { once } from '../../base/process/async.ts'
import { orNothing } from '../../base/values/plain-json.ts'
import type { Profile } from '../profiles/profile.ts'

type Claims = Readonly<Record<string, unknown>>

/** Returns a claim if it is a non-empty text. */
export function textClaim(claims: Claims, name: string): string | undefined {
  const value = claims[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Returns the subject of a token, in the form that all tokens of the provider share. */
export function subjectOf({ token }: Pick<Profile, 'token'>, claims: Claims): string | undefined {
  return token.subject === undefined ? textClaim(claims, 'sub') : token.subject(claims)
}

/** Claims that name the client of a token, at one provider or another. */
const clientClaims = ['client_id', 'azp', 'cid']

/**
 * Returns whether a token that was issued to us names another client. A token that names no client does not; a name
 * that cannot be read does.
 */
export function isOfOtherClient({ clientId, token }: Pick<Profile, 'clientId' | 'token'>, claims: Claims): boolean {
  const issuedTo = token.clientId(claims)
  if (issuedTo !== undefined) return issuedTo !== clientId
  return clientClaims.some((name) => claims[name] !== undefined && claims[name] !== clientId)
}

const decoding = once(() => import('jose/jwt/decode'))

/** Reads the unverified claims of a JWT. They may refute the token, but never prove it. `undefined`: not a JWT. */
export async function unverifiedClaims(token: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  const { decodeJwt } = await decoding()
  return orNothing(() => decodeJwt(token))
}
