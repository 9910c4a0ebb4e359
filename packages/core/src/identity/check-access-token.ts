import { InvalidTokenError } from '../base/errors/index.ts'
import type { Profile, TokenProfile } from '../oauth/profiles/profile.ts'
import type { VerifiedJwt } from '../oauth/server.ts'
import { audienceOf } from './wire.ts'

type Claims = VerifiedJwt['claims']

/** Claims that only an id_token has (OpenID Connect Core §2, §3.1.3.6, §3.3.2.11; `s_hash` is FAPI’s). */
const idTokenClaims = ['nonce', 'at_hash', 'c_hash', 's_hash']

/**
 * Refuses a verified JWT that is no access token of the provider: an id_token, or a token without the claims that the
 * profile requires.
 * @throws InvalidTokenError `type` or `claims`
 * @see {@link https://www.rfc-editor.org/rfc/rfc8725#section-3.12 | RFC 8725 §3.12}
 */
export function checkAccessToken(profile: Pick<Profile, 'clientId' | 'token'>, { claims, type }: VerifiedJwt): void {
  // A specific type excludes id_tokens. If a provider sends plain `JWT` or no type, the claims must exclude them.
  if (type !== 'at+jwt' && !hasClaimsOfAccessToken(profile, claims)) {
    throw new InvalidTokenError('type', 'the token is no access token: its claims are those of an id_token')
  }
  checkRequiredClaims(profile.token, claims)
}

/** @throws InvalidTokenError `claims` */
export function checkRequiredClaims({ requiredClaims }: Pick<TokenProfile, 'requiredClaims'>, claims: Claims): void {
  const missing = requiredClaims.filter((claim) => claims[claim] === undefined)
  if (missing.length > 0) throw new InvalidTokenError('claims', `the token has no ${missing.join(', ')}`)
}

/** Returns whether the claims are those of an access token, for a token whose type does not say it. */
export function hasClaimsOfAccessToken(
  { clientId, token }: Pick<Profile, 'clientId' | 'token'>,
  claims: Claims,
): boolean {
  if (idTokenClaims.some((claim) => claims[claim] !== undefined)) return false
  if (token.isAccessToken !== undefined) return token.isAccessToken(claims)
  // An id_token is issued to the client itself: an access token would be for an API.
  const clients = [clientId, token.clientId(claims)]
  return claims.auth_time === undefined || !audienceOf(claims).some((audience) => clients.includes(audience))
}

/**
 * Refuses a verified JWT of another kind than an id_token with the same type: an access token of a provider that writes
 * the kind into its claims, or a logout token.
 * @throws InvalidTokenError `type`
 * @see {@link https://openid.net/specs/openid-connect-backchannel-1_0.html#LogoutToken | OpenID Connect Back-Channel Logout §2.4}
 */
export function checkIdTokenKind(profile: Pick<Profile, 'clientId' | 'token'>, claims: Claims): void {
  if (claims.events !== undefined) throw new InvalidTokenError('type', 'the token is the note of a logout, no id_token')
  if (profile.token.isAccessToken !== undefined && hasClaimsOfAccessToken(profile, claims)) {
    throw new InvalidTokenError('type', 'the token is an access token, no id_token')
  }
}

/** Methods of confirmation that are registered and that we do not check (RFC 7800 §3, RFC 8705 §3.1, RFC 9203 §3.2). */
const uncheckedMethods = ['x5t#S256', 'jwk', 'jwe', 'kid', 'jku', 'osc']

/**
 * Checks a token against the key that it is bound to.
 *
 * Ignores members of `cnf` that no specification has registered: some servers add their own. Refuses a registered
 * method beside `jkt`, since this code does not check it. Refuses a `cnf` without `jkt`: the token is bound, but the
 * key is unknown.
 *
 * @param provedKey - Thumbprint of the key that the caller proved with this request, if any.
 * @throws InvalidTokenError `binding`: a bound token without its key, or a key without a bound token.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7800#section-3.1 | RFC 7800 §3.1}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-7.1 | RFC 9449 §7.1}
 */
export function checkBinding({ cnf }: Readonly<Record<string, unknown>>, provedKey: string | undefined): void {
  if (cnf === undefined) {
    if (provedKey === undefined) return
    throw refused('the token is bound to no key, and came with a proof of one')
  }
  if (typeof cnf !== 'object' || cnf === null) throw refused('the cnf claim of the token is no object')
  const unchecked = uncheckedMethods.filter((method) => method in cnf)
  if (unchecked.length > 0) {
    throw refused(`the token is bound by ${unchecked.join(', ')}, which is not checked here: only jkt (DPoP) is`)
  }
  const jkt = 'jkt' in cnf ? cnf.jkt : undefined
  if (typeof jkt !== 'string') throw refused('the token is bound to a key that its cnf claim does not name by jkt')
  if (provedKey === undefined) throw refused('the token is bound to a key that was not proved')
  if (jkt !== provedKey) throw refused('the token is bound to another key than the one that was proved')
}

const refused = (message: string) => new InvalidTokenError('binding', message)
