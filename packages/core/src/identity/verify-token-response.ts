import type { UserIdentity } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'
import { systemClock } from '../base/ports.ts'
import { refuseUnknownKeys } from '../base/values/index.ts'
import { Token } from '../credential/index.ts'
import { unverifiedClaims } from '../oauth/jwt/read-claims.ts'
import type { TokenResponse } from '../oauth/server.ts'
import { tokenEnd } from '../oauth/tokens/times.ts'
import { readTokenResponse } from '../oauth/wire.ts'
import { admit, fieldsOf } from './verified.ts'
import { trustedServers } from './verify-access-token.ts'
import { idTokenKeys, userFromIdToken, type VerifyIdTokenOptions } from './verify-id-token.ts'
import { keyThumbprintOf } from './wire.ts'

/** Requirements for the tokens of a login. */
export interface VerifyTokenResponseOptions extends Omit<VerifyIdTokenOptions, 'accessToken'> {}

const optionKeys = idTokenKeys.filter((key) => key !== 'accessToken')

/**
 * Verifies the answer of the token endpoint, and returns the user who logged in, with the access token behind them.
 *
 * The id_token names the user, and must match the access token if it has an `at_hash`. An exchange sends the access
 * token, which is not verified, since it may be for another API. A token that is bound to a key must be bound to the
 * profile's own, as far as the answer and the token show. Call this function where the answer arrives: later, another
 * party could have assembled the answer. So it refuses an id_token that is older than five minutes.
 *
 * @param response - The JSON of the answer, or what `grant` of an authorization server returns. Never logged.
 * @param options.nonce - Nonce that was sent with the login; the id_token must repeat it.
 * @returns The verified user; `expiresAt` is the expiry of the id_token or of the access token, whichever is first.
 * @throws InvalidTokenError The id_token is absent or does not verify, or the access token is not ours to use.
 * @throws InvalidResponseError The answer, or the issuer's metadata or keys, break their specification.
 * @throws TransportError The issuer's metadata or keys did not arrive. Try again later.
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#TokenResponseValidation | OpenID Connect Core §3.1.3.5}
 */
export async function verifyTokenResponse(
  response: unknown,
  options: VerifyTokenResponseOptions,
): Promise<UserIdentity> {
  refuseUnknownKeys('verifyTokenResponse', options, optionKeys)
  const servers = trustedServers('verifyTokenResponse', options)
  const { accessToken, tokenType, idToken, expiresIn, scopes } = tokenResponseOf(response)
  if (idToken === undefined) throw new InvalidTokenError('claims', 'no id_token in the answer: no user logged in')
  if (tokenType === 'n_a') throw new InvalidTokenError('type', 'the answer has no access token')
  const receivedAt = Math.floor((options.clock ?? systemClock).now() / 1000)
  const { user, server } = await userFromIdToken(idToken, servers, { ...options, accessToken, receivedAt })
  const key = server.profile.dpop
  if (tokenType === 'dpop' && key === undefined) {
    throw new InvalidTokenError('binding', 'the access token is bound to a key that the profile does not have')
  }
  // RFC 9449 §5. An unverified claim can count against the token, and never for it.
  const named = keyThumbprintOf((await unverifiedClaims(accessToken)) ?? {})
  if (named !== undefined && (tokenType !== 'dpop' || named !== key?.thumbprint)) {
    throw new InvalidTokenError('binding', 'the access token is bound to another key than the proved one')
  }
  const expiresAt = tokenEnd(receivedAt, expiresIn, user.expiresAt)
  return admit(
    { ...fieldsOf(user), ...(expiresAt !== undefined && { expiresAt }) },
    {
      token: new Token(accessToken),
      type: 'access_token',
      idToken: new Token(idToken),
      isInteractive: true,
      ...(scopes !== undefined && { scopes }),
      // Stryker disable next-line ConditionalExpression: Without a key, an answer of type DPoP was refused above.
      ...(tokenType === 'dpop' && key !== undefined && { keyThumbprint: key.thumbprint }),
    },
  )
}

/**
 * Reads a token response in either form: the JSON of the wire, or ours, as `grant` returns it.
 * @throws InvalidResponseError
 */
export function tokenResponseOf(response: unknown): TokenResponse {
  if (typeof response !== 'object' || response === null || !('accessToken' in response)) {
    return readTokenResponse(response)
  }
  const { scopes: scope, ...fields } = response as Partial<TokenResponse>
  const named = Object.entries(fields).map(([name, value]) => [
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ])
  return readTokenResponse({ ...Object.fromEntries(named), scope })
}
