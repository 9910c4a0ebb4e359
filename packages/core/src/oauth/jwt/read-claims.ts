import { type ErrorOptions, InvalidTokenError } from '../../base/errors/index.ts'
import { once } from '../../base/process/async.ts'
import { latin1Of } from '../../base/values/index.ts'
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

/**
 * Returns the unverified `iss` of a JWT, only to choose among servers that the app trusts.
 *
 * The payload as Latin-1 text is JSON of the same structure, and an issuer is a URL, so ASCII; no other claim is read.
 * Decoding all of it would cost twice as much.
 *
 * @throws InvalidTokenError `malformed`
 */
export function readIssuer(jwt: string): unknown {
  const [, payload = '', signature, ...rest] = jwt.split('.', 4)
  const claims: unknown = orNothing(() => JSON.parse(latin1Of(payload)))
  const isJwt = signature !== undefined && rest.length === 0 && typeof claims === 'object' && claims !== null
  if (!isJwt) throw new InvalidTokenError('malformed', 'the token is not a well-formed signed JWT')
  return (claims as { readonly iss?: unknown }).iss
}

/** @param known - The only issuer that this app trusts. Absent: it trusts several. */
export function unknownIssuer(issuer: unknown, known?: string, options?: ErrorOptions): InvalidTokenError {
  const trusted = known === undefined ? 'one of the issuers that this app trusts' : JSON.stringify(known)
  return new InvalidTokenError('issuer', `the token's issuer ${named(issuer)} is not ${trusted}`, options)
}

export function wrongAudience(
  audience: unknown,
  trusted: readonly string[],
  options?: ErrorOptions,
): InvalidTokenError {
  const own = trusted.map((one) => JSON.stringify(one)).join(' or ')
  return new InvalidTokenError('audience', `the token's audience ${named(audience)} is not ${own}`, options)
}

/** Shortens and escapes a name from a token, which may be forged. */
const named = (name: unknown): string =>
  name === undefined ? '(missing)' : JSON.stringify(typeof name === 'string' ? name.slice(0, 200) : name).slice(0, 500)
