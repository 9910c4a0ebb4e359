import { BehalfError, ConfigurationError, InvalidResponseError } from '../base/errors/index.ts'
import { type Clock, systemClock } from '../base/ports.ts'
import { copyOf, namesOf, refuseUnknownKeys } from '../base/values/index.ts'
import { type IssuedToken, revealToken, Token } from '../credential/index.ts'
import { checkAccessToken, checkBinding } from '../identity/check-access-token.ts'
import { audienceOf, readActor } from '../identity/wire.ts'
import { isOfOtherClient } from '../oauth/jwt/read-claims.ts'
import type { AuthorizationServer, RequestOptions, TokenResponse } from '../oauth/server.ts'
import { grantedScopes } from '../oauth/tokens/scopes.ts'
import { tokenEnd } from '../oauth/tokens/times.ts'
import { jwtBearerGrant } from './exchange-request.ts'
import type { IdJag } from './request-id-jag.ts'

/** Options of `redeemIdJag`. */
export interface RedeemIdJagOptions extends RequestOptions {
  /** Authorization server that the assertion is for. */
  readonly authorizationServer: AuthorizationServer
  /** Assertion to redeem, from `requestIdJag`. */
  readonly idJag: IdJag
  /** @default the system's clock */
  readonly clock?: Clock
}

/** A token of the API's own authorization server. */
export interface RedeemedToken extends IssuedToken {
  /** Name of the user at the API's server, if the token has it. */
  readonly subject?: string
}

const optionKeys = namesOf<RedeemIdJagOptions>('authorizationServer', 'idJag', 'clock', 'signal', 'timeoutMs')

/**
 * Redeems an assertion for an access token of the API.
 *
 * Does not use a refresh token in the answer: the next token needs the next assertion, so that the employer can end the
 * access. If the token is a JWT of that server, its audience, client, scopes and key are checked. Its subject is that
 * server's own name, so it is compared with nothing.
 *
 * @throws OAuthResponseError The server refused. `invalid_grant`: it does not trust the issuer, or knows no such user.
 * @throws InvalidResponseError The grant differs from the request. The token was dropped.
 * @throws ConfigurationError The assertion is for another server, or an option is wrong. Nothing was sent.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7523#section-2.1 | RFC 7523 §2.1}
 */
export async function redeemIdJag(options: RedeemIdJagOptions): Promise<RedeemedToken> {
  refuseUnknownKeys('redeemIdJag', options, optionKeys)
  const { authorizationServer: server, clock = systemClock, signal, timeoutMs } = options
  const idJag = copyOf(options.idJag)
  const { profile } = server
  if (idJag.audience !== profile.issuer) {
    throw new ConfigurationError('redeemIdJag.authorizationServer', 'is not the one that the assertion is for')
  }
  const startedAt = Math.floor(clock.now() / 1000)
  const response = await server.grant(
    jwtBearerGrant,
    {
      assertion: revealToken(idJag.assertion),
      scope: idJag.scopes.join(' '),
      ...(profile.target !== 'scope' && { [profile.target]: idJag.resource }),
    },
    { signal, timeoutMs },
  )
  if (response.tokenType === 'n_a') throw refused('issued no access token')
  if (response.accessToken === revealToken(idJag.assertion)) throw refused('returned the assertion')
  if ((response.tokenType === 'dpop') !== (profile.dpop !== undefined)) {
    throw refused('issued a token with another binding than requested')
  }
  const claims = await verified(response, server, idJag, signal)
  const granted = grantedScopes(profile.token, { asked: idJag.scopes, answered: response.scopes, claims })
  if ('problem' in granted) throw refused(granted.problem)
  const expiresAt = tokenEnd(startedAt, response.expiresIn, claims?.exp)
  const actor = claims && readActor(claims.act)
  if (profile.actor !== undefined && actor?.subject !== profile.actor) {
    throw refused('issued a token that does not name our agent as its actor')
  }
  return {
    token: new Token(response.accessToken),
    scopes: granted.scopes ?? idJag.scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(response.tokenType === 'dpop' && profile.dpop !== undefined && { dpop: profile.dpop }),
    ...(actor !== undefined && { actor }),
    ...(typeof claims?.sub === 'string' && { subject: claims.sub }),
  }
}

/** Returns the verified claims of a JWT of the server, or `undefined` for an opaque token. */
async function verified(
  { accessToken: token, tokenType }: TokenResponse,
  server: AuthorizationServer,
  idJag: IdJag,
  signal: AbortSignal | undefined,
): Promise<Readonly<Record<string, unknown>> | undefined> {
  if (token.split('.').length !== 3) return undefined
  const { profile } = server
  const { token: rules } = profile
  try {
    const jwt = await server.verifyJwt(token, { audience: idJag.resource, types: rules.accessTokenTypes, signal })
    checkAccessToken(profile, jwt)
    const { claims } = jwt
    if (audienceOf(claims).length !== 1) throw refused('issued a token that is for other APIs too')
    if (isOfOtherClient(profile, claims)) throw refused('issued a token for another client')
    checkBinding(claims, tokenType === 'dpop' ? profile.dpop?.thumbprint : undefined)
    return claims
  } catch (error) {
    if (!BehalfError.isInstance(error) || error.code !== 'ERR_INVALID_TOKEN') throw error
    throw new InvalidResponseError(`the API's server issued a token that does not verify: ${error.message}`, {
      cause: error,
    })
  }
}

function refused(what: string): InvalidResponseError {
  return new InvalidResponseError(`the API's authorization server ${what}; the token was dropped`)
}
