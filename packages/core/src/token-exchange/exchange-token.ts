import { systemClock } from '../base/ports.ts'
import { namesOf, refuseUnknownKeys } from '../base/values/index.ts'
import { type IssuedToken, Token } from '../credential/index.ts'
import { tokenEnd } from '../oauth/tokens/times.ts'
import { checkActor, checkDetails, checkResponse, checkScopes, verifyIssued } from './check-issued-token.ts'
import { type ExchangeTokenOptions, planExchange } from './plan-exchange.ts'

/** A token for one API, and its known properties. */
export interface ExchangedToken extends IssuedToken {
  /** The token is a JWT of the server's own, and everything in it was checked. */
  readonly verified: boolean
}

const optionKeys = namesOf<ExchangeTokenOptions>(
  'authorizationServer',
  'identity',
  'subjectToken',
  'actorToken',
  'actor',
  'resource',
  'audience',
  'scopes',
  'authorizationDetails',
  'requestedTokenType',
  'clock',
  'signal',
)

/**
 * Exchanges a user's token for a token for one API, with at most the requested scopes: by RFC 8693, or by Entra's
 * on-behalf-of grant, as the profile says.
 *
 * With `actor`, here or in the profile, it accepts only delegation: the token names the actor. Without, it also accepts
 * a token without an actor (impersonation). Actors of the user's token are nested inside the new actor; a chain has at
 * most five.
 *
 * Compares the answer with the request before any caller gets the token: its types, its scopes and, for a JWT of the
 * same server, signature, audience, subject, client and actor. Accepts an opaque token as the answer describes it.
 * Refuses a token that is also for other APIs, or that equals the token that was sent. Does not retry, since a grant
 * may have been consumed. Does not cache.
 *
 * @returns Token, granted `scopes` (may be fewer than requested) and `expiresAt` (epoch seconds; absent if the server
 *   gives no lifetime: do not cache such a token).
 * @throws OAuthResponseError The server refused. For a subject token that is expired or revoked, RFC 8693 §2.2.2
 *   defines `invalid_request`, and many servers send `invalid_grant`: the user must log in again.
 * @throws InvalidResponseError The grant differs from the request. The token was dropped.
 * @throws TransportError No answer in time.
 * @throws ConfigurationError An option is wrong, or the provider has no such exchange. Nothing was sent.
 * @throws InvalidTokenError `actor`: the user's token allows another party to act, or has too many actors already.
 *   Nothing was sent.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2 | RFC 8693 §2}
 */
export async function exchangeToken(options: ExchangeTokenOptions): Promise<ExchangedToken> {
  refuseUnknownKeys('exchangeToken', options, optionKeys)
  const { authorizationServer, clock = systemClock, signal } = options
  const { profile } = authorizationServer
  const { grantType, parameters, expected } = planExchange(options)
  const startedAt = Math.floor(clock.now() / 1000)
  const response = await authorizationServer.grant(grantType, parameters, { signal })
  checkResponse(response, expected)
  const issued = await verifyIssued(response, authorizationServer, expected, { signal })
  const scopes = checkScopes(response, issued, expected, profile)
  checkActor(issued, expected.actor)
  checkDetails(response, issued, expected.authorizationDetails)
  const expiresAt = tokenEnd(startedAt, response.expiresIn, issued?.claims.exp)
  return {
    token: new Token(response.accessToken),
    scopes,
    ...(expiresAt !== undefined && { expiresAt }),
    // Stryker disable next-line ConditionalExpression: Only a profile with a key gets a bound token: `grant` refuses one without a key, and `checkResponse` refuses other tokens with a key.
    ...(response.tokenType === 'dpop' && profile.dpop !== undefined && { dpop: profile.dpop }),
    ...(issued?.actor !== undefined && { actor: issued.actor }),
    verified: issued !== undefined,
  }
}
