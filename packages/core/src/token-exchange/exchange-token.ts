import { type AuthorizationServer, type RequestOptions, tokenEnd } from '../authorization-server/index.ts'
import type { Actor, AuthorizationDetail, Identity } from '../contract/index.ts'
import { type IssuedToken, Token } from '../credential/index.ts'
import { ConfigurationError, IdentityRequiredError } from '../errors/index.ts'
import { isVerified, type SubjectToken } from '../identity/index.ts'
import { refuseUnknownKeys, requireText, scopeList, snapshot } from '../lib/index.ts'
import { type Clock, systemClock } from '../ports/index.ts'
import {
  checkActor,
  checkDetails,
  checkResponse,
  type Expected,
  type ExpectedActor,
  type IssuedClaims,
  verifyIssued,
} from './check-issued-token.ts'
import { exchangeRequest, type TypedToken, tokenExchangeGrant, tokenTypeUri } from './wire.ts'

export interface ExchangeTokenOptions extends RequestOptions {
  readonly authorizationServer: AuthorizationServer
  /** For whom the new token has to be. Verified. */
  readonly identity: Identity
  /** The token that proves them, as issued. Never logged. */
  readonly subjectToken: SubjectToken
  /** The token that proves the agent, where the server does not know it by its client. Never logged. */
  readonly actorToken?: TypedToken
  /** Who the new token has to name as its actor; `{}` takes anybody. @default nobody has to be named */
  readonly actor?: ExpectedActor
  /** The API's identifier; sent under the name that the provider has for it. */
  readonly resource?: string
  /** The API's logical name, where it has one beside or instead of its identifier. */
  readonly audience?: string
  /** At least one. */
  readonly scopes: readonly string[]
  /** What was approved, where the provider takes it with an exchange. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** @default 'access_token' */
  readonly requestedTokenType?: 'access_token' | 'jwt'
  /** @default the system's clock */
  readonly clock?: Clock
}

/** A token for one API, and what is known about it. */
export interface ExchangedToken extends IssuedToken {
  /** Who acts, where the token says so and could be verified. */
  readonly actor?: Actor
  /** The token is a JWT of the server's own, and everything in it was checked. */
  readonly verified: boolean
}

const optionKeys = [
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
] as const satisfies readonly (keyof ExchangeTokenOptions)[]

/**
 * Exchanges a user's token for one that fits one API, with exactly these scopes at most.
 *
 * The answer is held against what was asked before anybody gets the token: its types, its scopes and,
 * where it is a JWT of the same server, signature, audience, subject, client and actor. An opaque
 * token is taken as the answer describes it. Does not retry, since a grant may have been used up, and
 * does not cache.
 *
 * @returns Token, granted `scopes` (may be fewer than asked) and `expiresAt` (epoch seconds; absent when
 *   the server tells no life time: such a token is not to be cached).
 * @throws OAuthResponseError The server refused. RFC 8693 §2.2.2 says `invalid_request` of a subject
 *   token that is expired or revoked, and many servers `invalid_grant`: the user has to log in again.
 * @throws InvalidResponseError The server granted other than was asked. The token was dropped.
 * @throws TransportError No answer in time.
 * @throws ConfigurationError An option is wrong, or the provider has no such exchange. Nothing was sent.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-2 | RFC 8693 §2}
 */
export async function exchangeToken(options: ExchangeTokenOptions): Promise<ExchangedToken> {
  refuseUnknownKeys('exchangeToken', options, optionKeys)
  const { authorizationServer, subjectToken, actorToken, clock = systemClock, signal } = options
  const { profile } = authorizationServer
  const { resource, audience, ...expected } = readExpected(options)
  const startedAt = Math.floor(clock.now() / 1000)
  const response = await authorizationServer.grant(
    tokenExchangeGrant,
    exchangeRequest({
      subjectToken,
      actorToken,
      resource: profile.target === 'resource' ? resource : [],
      audience: profile.target === 'resource' ? audience : [...resource, ...audience],
      scopes: expected.scopes,
      requestedTokenType: options.requestedTokenType ?? 'access_token',
      authorizationDetails: expected.authorizationDetails,
    }),
    { signal },
  )
  const held: Expected = { ...expected, audience: [...resource, ...audience] }
  checkResponse(response, held)
  const issued = await verifyIssued(response, authorizationServer, held, { signal })
  checkActor(issued, held.actor)
  checkDetails(response, issued, held.authorizationDetails)
  const expiresAt = tokenEnd(startedAt, response.expiresIn, issued?.claims.exp)
  return {
    token: new Token(response.accessToken),
    scopes: grantedScopes(held.scopes, response.scopes, issued),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(response.tokenType === 'dpop' && profile.dpop !== undefined && { dpop: profile.dpop }),
    ...(issued?.actor !== undefined && { actor: issued.actor }),
    verified: issued !== undefined,
  }
}

/** What is asked, checked before anything is sent. */
function readExpected(
  options: ExchangeTokenOptions,
): Omit<Expected, 'audience'> & { readonly resource: readonly string[]; readonly audience: readonly string[] } {
  const { identity, actor, resource, audience, authorizationDetails, requestedTokenType = 'access_token' } = options
  const { exchange } = options.authorizationServer.profile
  if (!isVerified(identity)) {
    throw new IdentityRequiredError('an exchange takes an identity that a verification made, not one that looks so')
  }
  if (exchange === undefined) {
    throw new ConfigurationError('authorizationServer', 'this provider has no token exchange')
  }
  if (exchange.grant !== 'token-exchange') {
    throw new ConfigurationError('authorizationServer', `this provider exchanges by ${exchange.grant}, not by RFC 8693`)
  }
  if (resource === undefined && audience === undefined) {
    throw new ConfigurationError('exchangeToken', 'give resource or audience: a token for everything fits nothing')
  }
  if (authorizationDetails !== undefined && !exchange.carriesAuthorizationDetails) {
    throw new ConfigurationError(
      'exchangeToken.authorizationDetails',
      'this provider does not take them with an exchange; leave them out, and the SDK alone enforces them',
    )
  }
  if (authorizationDetails !== undefined && 'problem' in snapshot(authorizationDetails)) {
    throw new ConfigurationError('exchangeToken.authorizationDetails', 'give plain JSON')
  }
  return {
    identity,
    actor,
    resource: resource === undefined ? [] : [requireText('exchangeToken.resource', resource)],
    audience: audience === undefined ? [] : [requireText('exchangeToken.audience', audience)],
    scopes: scopeList('exchangeToken.scopes', options.scopes),
    issuedTokenType: tokenTypeUri(requestedTokenType),
    accessToken: requestedTokenType === 'access_token',
    authorizationDetails,
    bound: options.subjectToken.keyThumbprint !== undefined,
  }
}

/** RFC 6749 §5.1: absent means as asked. A token that lists fewer is believed. */
function grantedScopes(
  asked: readonly string[],
  answered: readonly string[] | undefined,
  issued: IssuedClaims | undefined,
): readonly string[] {
  const granted = answered ?? asked
  if (issued === undefined || issued.scopes.length === 0) return granted
  return granted.filter((scope) => issued.scopes.includes(scope))
}
