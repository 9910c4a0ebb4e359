import type { Principal } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { ClientAuthentication } from '../client/client-authentication-options.ts'
import type { DpopKey } from '../client/dpop-key.ts'

/** Allows plain `http:` to loopback, for tests and local servers. A symbol is not set by accident. */
export const allowInsecureLoopback: unique symbol = Symbol.for('@behalf/core@1/allowInsecureLoopback') as never

/**
 * Parameter that names the target of a token at this provider. `scope`: there is no such parameter, and the target is
 * part of each scope's name.
 */
export type TargetParameter = 'resource' | 'audience' | 'scope'

/** Backchannel authentication (CIBA) at this provider. */
export interface CibaProfile {
  /** Returns the hint that names the approver, as form parameters. Exactly one hint (CIBA Core §7.1). */
  readonly hint: (approver: Principal) => Readonly<Record<string, string>>
  /** Name of the option that defines how approvers are named here. Set if the app omitted it: then `hint` throws. */
  readonly missingHint?: string
  /** Returns the problem of a `binding_message` at this provider, in words, or `undefined` if the provider accepts it. */
  readonly checkBindingMessage: (message: string) => string | undefined
  /** Name of the parameter for the requested lifetime, and its limits in seconds. */
  readonly requestedExpiry: { readonly parameter: string; readonly min: number; readonly max: number }
  /** Whether `authorization_details` may be sent with the backchannel request, and are returned in the token. */
  readonly carriesAuthorizationDetails: boolean
  /**
   * Whether types of details belong to an API here: then they are sent only with a request that names one (A9 a).
   * @default false: they are sent as evidence too, if the answer's token is dropped (A9 b)
   */
  readonly detailsNeedTarget?: boolean
  /** Whether this provider reports an expired request as `access_denied` (A6). */
  readonly reportsExpiryAsDenied: boolean
}

/** Token exchange at this provider. */
export interface ExchangeProfile {
  /** RFC 8693, or Entra's on-behalf-of: RFC 7523 §2.1 with `requested_token_use`. */
  readonly grant: 'token-exchange' | 'jwt-bearer'
  /** The provider takes `authorization_details` with an exchange. */
  readonly carriesAuthorizationDetails: boolean
  /** Types of subject token that this provider takes, in RFC 8693's short form. @default all */
  readonly subjectTokens?: readonly string[]
  /**
   * OAuth errors of an exchange that mean: the user's token or session ended, and a new login helps. With a description
   * after a colon (`invalid_request: Invalid token`), only the error that the server describes so.
   */
  readonly loginRequiredErrors: readonly string[]
}

/** Form of a JWT of this provider. */
export interface TokenProfile {
  /**
   * Values of `typ` of an access token, lower case, without `application/`; `''` means an absent type. RFC 9068 §2.1
   * defines one. Some providers send plain `JWT` or none, as in id_tokens. Then `isAccessToken` or `requiredClaims`
   * must distinguish the two.
   */
  readonly accessTokenTypes: readonly string[]
  /** Claims that an access token must have, besides `iss`, `aud` and `exp`. */
  readonly requiredClaims: readonly string[]
  /** Returns the client id of a token. Undefined: its claims name none. */
  readonly clientId: (claims: Readonly<Record<string, unknown>>) => string | undefined
  /**
   * Returns the subject of the token, in the form that all tokens of this provider share. Compare subjects by this.
   * @default the `sub` claim
   */
  readonly subject?: (claims: Readonly<Record<string, unknown>>) => string | undefined
  /** Returns the tenant of a token. Undefined: its claims name none. */
  readonly tenant: (claims: Readonly<Record<string, unknown>>) => string | undefined
  /**
   * Returns the claim with the scopes, as in the token: text separated by spaces, or a list. `undefined` if the token
   * has none; a token with any other value is refused.
   */
  readonly scopes: (claims: Readonly<Record<string, unknown>>) => unknown
  /**
   * Scopes that this provider adds to every token, whatever was requested, and that grant access to no API. Every grant
   * ignores them. Any other additional scope is refused.
   * @default none
   */
  readonly unaskedScopes?: readonly string[]
  /**
   * Audiences that this provider adds to a token of another API: its own, such as the userinfo endpoint with the scope
   * `openid`. A token for any other API besides the requested one is refused.
   * @default none
   */
  readonly unaskedAudiences?: readonly string[]
  /**
   * Returns whether the token is for the client itself, without a user.
   * @default `sub` equals the client id (RFC 9068 §2.2)
   */
  readonly isAgent?: (claims: Readonly<Record<string, unknown>>) => boolean
  /**
   * Returns whether claims of the right type are those of an access token, if the type does not decide. A token with
   * `nonce` or a hash of an id_token is refused before.
   * @default no `auth_time` for the client itself
   */
  readonly isAccessToken?: (claims: Readonly<Record<string, unknown>>) => boolean
}

/** Endpoints that a server has and its metadata does not name. Absolute URLs. */
export interface UnpublishedEndpoints {
  /** Introspection endpoint (RFC 7662). */
  readonly introspection?: string
  /** Revocation endpoint (RFC 7009). */
  readonly revocation?: string
  /** Device authorization endpoint (RFC 8628). */
  readonly deviceAuthorization?: string
}

/** Endpoints of a server that publishes no metadata. Absolute URLs. */
export interface ProfileEndpoints {
  /** Authorization endpoint, to which browsers are sent. */
  readonly authorization: string
  /** Token endpoint. */
  readonly token: string
  /** Revocation endpoint (RFC 7009). */
  readonly revocation?: string
  /** The server names itself in authorization responses (RFC 9207). @default false */
  readonly namesIssuer?: boolean
}

/**
 * An authorization server and our client there: data and small pure functions, no connection.
 * Made by `oidc()`, `auth0()` and their like.
 */
export interface Profile {
  /** Kind of provider, for messages and traces. */
  readonly provider: string
  /** Issuer, exactly as the server's metadata writes it. */
  readonly issuer: string
  /** OAuth client id of the agent at this provider. */
  readonly clientId: string
  /** Method by which the client authenticates at the token endpoint. */
  readonly clientAuthentication: ClientAuthentication
  /** Accepted signature algorithms. Never `none`, never symmetric. */
  readonly algorithms: readonly string[]
  /**
   * Metadata that the app gives, in the names of RFC 8414. It replaces what the server publishes.
   * @default none
   */
  readonly metadata?: Readonly<Record<string, string | boolean>>
  /**
   * Place of the metadata: that of OpenID Connect Discovery, or that of RFC 8414. `none`: the server publishes none, and
   * `metadata` is all of it.
   * @default 'oidc'
   */
  readonly discovery?: 'oidc' | 'oauth2' | 'none'
  /** Parameter that names the API of a token at this provider. */
  readonly target: TargetParameter
  /** CIBA at the provider. `undefined`: the provider has no CIBA. */
  readonly ciba: CibaProfile | undefined
  /** Token exchange at the provider. `undefined`: the provider has no token exchange. */
  readonly exchange: ExchangeProfile | undefined
  /** Rules for reading access tokens of the provider. */
  readonly token: TokenProfile
  /** Our key there: token requests prove it, and the tokens of this client are bound to it (RFC 9449). */
  readonly dpop?: DpopKey
  /**
   * The server's name for our agent in `act`. Given: a token for a user must name it as its outermost actor
   * (delegation). A token without an actor (impersonation), with another actor, or that cannot be read is discarded.
   */
  readonly actor?: string
  /** Whether a refresh token can be used only once: then none is ever sent twice. @default true */
  readonly rotatesRefreshTokens?: boolean
  /**
   * Clients that get access tokens only while their user is present: such a token may answer questions, create
   * delegations and connect accounts. Do not list a client that exchanges tokens or works in the background.
   * @default the profile's own `clientId`
   */
  readonly interactiveClients?: readonly string[]
  /** Whether `fetch` shows the client's certificate: then `mtls_endpoint_aliases` are used. @default by the method */
  readonly mutualTls?: boolean
  /** Allows plain http to loopback, for tests. */
  readonly [allowInsecureLoopback]?: true
}

const copies = new WeakMap<Profile, Profile>()

/**
 * Returns the profile as it is now: itself if it is frozen, as all profiles of the SDK are, else a frozen copy. An app
 * may change a copied profile for its next issuer. This object identifies what is known of an issuer, so it stays the
 * same object while the app's profile has the same content.
 */
export function ownProfile(profile: Profile): Profile {
  if (Object.isFrozen(profile)) return profile
  const known = copies.get(profile)
  const keys = Reflect.ownKeys({ ...known, ...profile }) as (keyof Profile)[]
  if (known !== undefined && keys.every((key) => known[key] === profile[key])) return known
  const copy = Object.freeze({ ...profile })
  copies.set(profile, copy)
  return copy
}

/**
 * Returns the profile that an option gives, as it is now.
 *
 * @param where - The option's name.
 * @throws {@link ConfigurationError} if it is none.
 */
export function requireProfile(where: string, given: Profile): Profile {
  if (typeof given?.issuer !== 'string') throw new ConfigurationError(where, 'give a profile, such as oidc({ … })')
  return ownProfile(given)
}

/** As {@link requireProfile}, for what a public client cannot do. @throws {@link ConfigurationError} for such a client. */
export function requireConfidentialClient(where: string, given: Profile): Profile {
  const profile = requireProfile(where, given)
  if (profile.clientAuthentication.method !== 'none') return profile
  throw new ConfigurationError(where, 'a public client proves nothing here: give it a secret, a key or a certificate')
}
