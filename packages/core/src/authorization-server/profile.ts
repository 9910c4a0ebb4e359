import type { Principal } from '../contract/index.ts'
import type { ClientAuthentication } from './client-authentication.ts'
import type { DpopKey } from './dpop-key.ts'

/** Allows plain `http:` to loopback, for tests and local servers. A symbol is not set by accident. */
export const allowInsecureLoopback: unique symbol = Symbol.for('@behalf/core@1/allowInsecureLoopback') as never

/**
 * Parameter that names the target of a token at this provider. `scope`: there is no such parameter, and the target is
 * part of each scope's name.
 */
export type TargetParameter = 'resource' | 'audience' | 'scope'

/** Backchannel authentication (CIBA) at this provider. */
export interface CibaProfile {
  /** The hint that names the approver, as form parameters. Exactly one hint (CIBA Core §7.1). */
  readonly hint: (approver: Principal) => Readonly<Record<string, string>>
  /** The option by which the app says how approvers are called here, where it left it out: `hint` throws then. */
  readonly missingHint?: string
  /** Returns the problem of a `binding_message` at this provider, in words, or `undefined` if there is none. */
  readonly checkBindingMessage: (message: string) => string | undefined
  /** Name of the parameter for the requested life time, and its bounds in seconds. */
  readonly requestedExpiry: { readonly parameter: string; readonly min: number; readonly max: number }
  /** `authorization_details` may be sent with the backchannel request, and come back in the token. */
  readonly carriesAuthorizationDetails: boolean
  /**
   * Their types belong to an API here, so that they go only with a request that names one (A9 a).
   * @default false: they are sent as evidence too, where the answer's token is dropped (A9 b)
   */
  readonly detailsNeedTarget?: boolean
  /** This provider reports a request that ran out as `access_denied` (A6). */
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
  /** OAuth errors of an exchange that mean: the user's token or session ended, and a new login helps. */
  readonly loginRequiredErrors: readonly string[]
}

/** Form of a JWT of this provider. */
export interface TokenProfile {
  /**
   * `typ` values of an access token, lower case, without `application/`; `''` stands for an absent one.
   * RFC 9068 §2.1 knows one; some providers send plain `JWT` or none, as id_tokens have it. Then `isAccessToken` or
   * `requiredClaims` has to tell the two apart.
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
   * The claim that holds the scopes, as the token has it: a text separated by spaces, or a list. `undefined` where the
   * token has none; a token with anything else is refused.
   */
  readonly scopes: (claims: Readonly<Record<string, unknown>>) => unknown
  /**
   * Scopes that this provider adds to every token, whatever was asked, and that open no API: they are left out of what
   * was granted, by any grant. Any other surplus is refused. @default none
   */
  readonly unaskedScopes?: readonly string[]
  /**
   * Audiences that this provider adds to a token of another API: its own, such as the userinfo endpoint beside the scope
   * `openid`. A token for any other API besides the one that was asked for is refused. @default none
   */
  readonly unaskedAudiences?: readonly string[]
  /**
   * Whether the token stands for the client itself, with no user behind it.
   * @default `sub` equals the client id (RFC 9068 §2.2)
   */
  readonly isAgent?: (claims: Readonly<Record<string, unknown>>) => boolean
  /**
   * Whether claims of the right type are those of an access token, where the type does not tell. A token with `nonce`
   * or a hash of an id_token is refused before.
   * @default no `auth_time` for the client itself
   */
  readonly isAccessToken?: (claims: Readonly<Record<string, unknown>>) => boolean
}

/** Endpoints of a server that publishes no metadata. Absolute URLs. */
export interface ProfileEndpoints {
  /** Authorization endpoint, to which browsers are sent. */
  readonly authorization: string
  /** Token endpoint. */
  readonly token: string
  /** RFC 7009. */
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
  /** Exactly as the server's metadata writes it. */
  readonly issuer: string
  /** OAuth client id of the agent at this provider. */
  readonly clientId: string
  /** Method by which the client authenticates at the token endpoint. */
  readonly clientAuthentication: ClientAuthentication
  /** Accepted signature algorithms. Never `none`, never symmetric. */
  readonly algorithms: readonly string[]
  /** Endpoints of a server without metadata. With them, nothing is discovered. */
  readonly endpoints?: ProfileEndpoints
  /** Place of the metadata: that of OpenID Connect Discovery, or that of RFC 8414. @default 'oidc' */
  readonly discovery?: 'oidc' | 'oauth2'
  /** Parameter with which the provider takes the API that a token is for. */
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
  /** Allows plain http to loopback, for tests. */
  readonly [allowInsecureLoopback]?: true
}

const copies = new WeakMap<Profile, Profile>()

/**
 * The profile as it is now: itself where it is frozen, as all that the SDK makes are, else a frozen copy. An app may fill in
 * a profile that it spread for its next issuer. What is known of an issuer is kept by this object, so it is the same one for
 * as long as the app's own says the same.
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
