import type { AuthorizationDetail, Identity } from '../base/contract/index.ts'
import { ConfigurationError, IdentityRequiredError, InvalidTokenError } from '../base/errors/index.ts'
import type { Clock } from '../base/ports.ts'
import { copyOf, requireText, requireTexts, scopeList, snapshot } from '../base/values/index.ts'
import type { SubjectToken } from '../identity/subject-token.ts'
import { isVerified } from '../identity/verified.ts'
import { MAX_ACTORS } from '../identity/wire.ts'
import type { ExchangeProfile, Profile } from '../oauth/profiles/profile.ts'
import type { AuthorizationServer, GrantParameters, RequestOptions } from '../oauth/server.ts'
import { checkMayAct, depthOf, type Expected, type ExpectedActor } from './check-issued-token.ts'
import {
  exchangeRequest,
  jwtBearerGrant,
  onBehalfOfRequest,
  type TypedToken,
  tokenExchangeGrant,
  tokenTypeUri,
} from './exchange-request.ts'

/** Options of `exchangeToken`. */
export interface ExchangeTokenOptions extends RequestOptions {
  /** Server that issues the new token. */
  readonly authorizationServer: AuthorizationServer
  /** Identity that the new token must be for. Verified. */
  readonly identity: Identity
  /** The token that proves them, as issued. Never logged. */
  readonly subjectToken: SubjectToken
  /** The token that identifies the agent, if the server does not know it by its client. Never logged. */
  readonly actorToken?: TypedToken
  /** Actor that the new token must name; `{}` accepts any actor. @default the profile's `actor` */
  readonly actor?: ExpectedActor
  /** Identifier of the API, or several if one token must serve them. Sent in the provider's own parameter. */
  readonly resource?: string | readonly string[]
  /** Logical name of the API, if it has one besides or instead of its identifier; or several. */
  readonly audience?: string | readonly string[]
  /** Scopes to request. At least one. */
  readonly scopes: readonly string[]
  /** Approved details, if the provider accepts them with an exchange. */
  readonly authorizationDetails?: readonly AuthorizationDetail[]
  /** @default 'access_token' */
  readonly requestedTokenType?: 'access_token' | 'jwt'
  /** @default the system's clock */
  readonly clock?: Clock
}

/** Values to send, and requirements for the answer. */
export interface ExchangePlan {
  readonly grantType: string
  readonly parameters: GrantParameters
  readonly expected: Expected
}

/** Checks an exchange completely before it is sent. */
export function planExchange(options: ExchangeTokenOptions): ExchangePlan {
  const { identity, subjectToken } = options
  const { profile } = options.authorizationServer
  const { exchange } = profile
  if (!isVerified(identity)) {
    throw new IdentityRequiredError('an exchange needs a verified identity')
  }
  if (exchange === undefined) {
    throw new ConfigurationError('authorizationServer', 'this provider has no token exchange')
  }
  if (subjectToken?.token === undefined) {
    throw new ConfigurationError(
      'exchangeToken.subjectToken',
      'give what subjectTokenOf(identity) gives; an identity that came without a token has none to exchange',
    )
  }
  if (exchange.subjectTokens?.includes(subjectToken.type) === false) {
    const taken = exchange.subjectTokens.join(', ')
    throw new ConfigurationError('exchangeToken.subjectToken', `this provider exchanges ${taken} only: pass one`)
  }
  checkActors(options)
  const expected = readExpected(options, exchange)
  return exchange.grant === 'jwt-bearer'
    ? onBehalfOf(options, profile, expected)
    : tokenExchange(options, profile, expected)
}

function tokenExchange(options: ExchangeTokenOptions, profile: Profile, expected: Read): ExchangePlan {
  const { subjectToken, actorToken, requestedTokenType = 'access_token' } = options
  const { resource, audience, ...held } = expected
  const byResource = profile.target === 'resource'
  if (byResource) for (const uri of resource) checkUri(uri)
  const parameters = exchangeRequest({
    subjectToken,
    actorToken,
    resource: byResource ? resource : [],
    audience: byResource ? audience : [...resource, ...audience],
    scopes: held.scopes,
    requestedTokenType,
    authorizationDetails: held.authorizationDetails,
  })
  const issuedTokenType = tokenTypeUri(requestedTokenType)
  return {
    grantType: tokenExchangeGrant,
    parameters,
    expected: { ...held, issuedTokenType, audience: [...resource, ...audience] },
  }
}

/** Entra's default identifier of an API, which contains its application id: that id is the `aud` of its tokens. */
const defaultIdentifier = /^api:\/\/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** Plans an on-behalf-of request: the target is a part of each scope, and the response has no `issued_token_type`. */
function onBehalfOf(options: ExchangeTokenOptions, { target }: Profile, expected: Read): ExchangePlan {
  const { subjectToken, actorToken, requestedTokenType = 'access_token' } = options
  const { resource, audience, ...held } = expected
  const [api, ...more] = resource
  if (api === undefined || more.length > 0) {
    throw new ConfigurationError('exchangeToken.resource', 'this provider exchanges for exactly one API; name it')
  }
  if (actorToken !== undefined || requestedTokenType !== 'access_token') {
    throw new ConfigurationError(
      'exchangeToken',
      'on-behalf-of knows no actor_token, and gives access tokens only: leave actorToken and requestedTokenType out',
    )
  }
  if (held.scopes.includes('.default')) {
    throw new ConfigurationError('exchangeToken.scopes', 'name the scopes that the tool needs, not .default')
  }
  const prefix = target === 'scope' ? `${api}/` : ''
  const appId = defaultIdentifier.exec(api)?.[1]
  return {
    grantType: jwtBearerGrant,
    parameters: onBehalfOfRequest(
      subjectToken,
      held.scopes.map((scope) => `${prefix}${scope}`),
    ),
    expected: {
      ...held,
      scopePrefix: prefix,
      audience: [api, ...audience, ...(appId === undefined ? [] : [appId])],
    },
  }
}

/** Returns the expected actor: that of the call, else that of the profile. */
function expectedActor({ actor, authorizationServer: { profile } }: ExchangeTokenOptions): ExpectedActor | undefined {
  return copyOf(actor) ?? (profile.actor === undefined ? undefined : { subject: profile.actor })
}

type Read = Omit<Expected, 'audience' | 'issuedTokenType' | 'scopePrefix'> & {
  readonly resource: readonly string[]
  readonly audience: readonly string[]
}

function readExpected(options: ExchangeTokenOptions, exchange: ExchangeProfile): Read {
  const { identity, authorizationDetails, requestedTokenType = 'access_token', subjectToken, actorToken } = options
  const resource = targets('exchangeToken.resource', options.resource)
  const audience = targets('exchangeToken.audience', options.audience)
  if (resource.length + audience.length === 0) {
    throw new ConfigurationError('exchangeToken', 'give resource or audience: the token needs a target')
  }
  if (authorizationDetails !== undefined && !exchange.carriesAuthorizationDetails) {
    throw new ConfigurationError(
      'exchangeToken.authorizationDetails',
      'this provider does not take them with an exchange: leave them out',
    )
  }
  if (authorizationDetails !== undefined && 'problem' in snapshot(authorizationDetails)) {
    throw new ConfigurationError('exchangeToken.authorizationDetails', 'give plain JSON')
  }
  return {
    identity,
    actor: expectedActor(options),
    resource,
    audience,
    scopes: scopeList('exchangeToken.scopes', options.scopes),
    accessToken: requestedTokenType === 'access_token',
    authorizationDetails,
    bound: subjectToken.keyThumbprint !== undefined,
    proved: options.authorizationServer.profile.dpop !== undefined,
    handedIn: [subjectToken.token, ...(actorToken === undefined ? [] : [actorToken.token])],
  }
}

/** Returns one target or several (RFC 8693 §2.1: both parameters may be repeated). */
function targets(option: string, value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  return typeof value === 'string' ? [requireText(option, value)] : requireTexts(option, value)
}

/**
 * Checks `resource`, which is an absolute URI without a fragment (RFC 8693 §2.1). Under another parameter name, any
 * text is allowed.
 */
function checkUri(uri: string): void {
  if (!/[\s#]/.test(uri) && URL.canParse(uri)) return
  throw new ConfigurationError(
    'exchangeToken.resource',
    'give an absolute URI without a fragment; a logical name is an audience',
  )
}

/** Checks the claims of the user's token: who may act, and the number of actors in its chain. */
function checkActors(options: ExchangeTokenOptions): void {
  const { identity } = options
  checkMayAct(identity.claims, expectedActor(options))
  if (identity.kind === 'user' && depthOf(identity.actor) >= MAX_ACTORS) {
    throw new InvalidTokenError('actor', `the user's token has ${MAX_ACTORS} actors already; no more may be added`)
  }
}
