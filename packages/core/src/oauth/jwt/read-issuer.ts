import { type ErrorOptions, InvalidTokenError } from '../../base/errors/index.ts'
import { latin1Of } from '../../base/values/index.ts'
import { orNothing } from '../../base/values/plain-json.ts'

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
