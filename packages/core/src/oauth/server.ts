import type { JWTPayload } from 'jose'
import { ConfigurationError } from '../base/errors/index.ts'
import { type Clock, type Fetch, systemClock } from '../base/ports.ts'
import { aClock, checkValues, kinds, namesOf } from '../base/values/index.ts'
import type { Profile } from './profiles/profile.ts'

/** Clock and network access of the SDK's parts. */
export interface Surroundings {
  /** Sends every request. */
  readonly fetch: Fetch
  /** Clock for lifetimes and time-outs. */
  readonly clock: Clock
  /** Time limit for one request, retries included, in milliseconds. */
  readonly timeoutMs: number
}

/** Options of one request to a server. */
export interface RequestOptions {
  /** Aborts the request. */
  readonly signal?: AbortSignal | undefined
  /** Total time of this request, milliseconds; for servers that hold a poll open. @default that of the surroundings */
  readonly timeoutMs?: number | undefined
}

/** The tokens of a token response, before anything in it was checked. */
export interface ReceivedTokens {
  /** Access token, as received. Secret. Absent: the response has none. */
  readonly accessToken?: string
  /** Refresh token, as received. Secret. Absent: the response has none. */
  readonly refreshToken?: string
}

/** Options of one token request. */
export interface GrantOptions extends RequestOptions {
  /**
   * Called with the tokens when they arrive, even if the response is then refused. A refresh token that rotated must
   * not be lost, and refused tokens must be revoked.
   */
  readonly onTokens?: ((tokens: ReceivedTokens) => void) | undefined
}

/** Parameters of a form post; an array repeats its key (RFC 8693 §2.1). */
export type GrantParameters = Readonly<Record<string, string | readonly string[] | undefined>>

/** A token endpoint's success answer, validated in form, not in meaning. */
export interface TokenResponse {
  /** Access token. Secret. */
  readonly accessToken: string
  /** `dpop` only if the profile has a key. `n_a` is not an access token (RFC 8693 §2.2.1). */
  readonly tokenType: 'bearer' | 'dpop' | 'n_a'
  /** `issued_token_type` of a token exchange (RFC 8693 §2.2.1). */
  readonly issuedTokenType?: string
  /** Lifetime of the token, in seconds. */
  readonly expiresIn?: number
  /** Refresh token. Secret. Absent: the server issued none. */
  readonly refreshToken?: string
  /** The id_token. Not verified in any way. */
  readonly idToken?: string
  /** Granted scopes. Absent: identical to the requested ones (RFC 6749 §5.1). */
  readonly scopes?: readonly string[]
  /** `authorization_details` that were granted (RFC 9396 §7). */
  readonly authorizationDetails?: readonly Readonly<Record<string, unknown>>[]
}

/**
 * The server's answer about a token (RFC 7662 §2.2). Validated in form, not in meaning. Only `active` says that the
 * token is valid.
 */
export interface IntrospectionResponse {
  /** Whether the issuer reports the token as valid now. */
  readonly active: boolean
  /** Every member, as the server wrote it. Holds no token. */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * Endpoints and features of a server that a client needs, besides the token endpoint. From its metadata, checked in
 * form.
 */
export interface ServerEndpoints {
  /** Absolute address of the endpoint. The caller must check its scheme before it sends a browser there. */
  readonly authorization?: string
  /** Revocation endpoint (RFC 7009). Absent: the metadata names none. */
  readonly revocation?: string
  /** UserInfo endpoint (OpenID Connect Core §5.3). Absent: the metadata names none. */
  readonly userInfo?: string
  /** Page that ends a login (RP-Initiated Logout 1.0 §2.1). The caller must check its scheme. */
  readonly endSession?: string
  /**
   * Whether the server names itself in authorization responses: then a response without the name is refused (RFC 9207
   * §2.4).
   */
  readonly namesIssuer: boolean
  /**
   * Returns the server's time by the `Date` of its metadata, in epoch milliseconds. NaN: it sent none. A cache in between
   * makes it earlier.
   */
  readonly now: () => number
}

/** Options of one request to revoke a token. */
export interface RevokeTokenOptions extends RequestOptions {
  /** `token_type_hint` (RFC 7009 §2.1). Absent: none is sent. */
  readonly hint?: 'access_token' | 'refresh_token' | undefined
}

/** A backchannel authentication acknowledgement (CIBA Core §7.3). */
export interface BackchannelAcknowledgement {
  /** `auth_req_id`, with which the client polls. */
  readonly authReqId: string
  /** Seconds. */
  readonly expiresIn: number
  /** Seconds. @default 5 */
  readonly interval: number
}

/** Code that a device shows, and code with which it polls (RFC 8628 §3.2). Validated in form. */
export interface DeviceAuthorization {
  /** A secret. */
  readonly deviceCode: string
  /** Code that the user types on the page. */
  readonly userCode: string
  /** Page on which the user types the code. */
  readonly verificationUri: string
  /** The same with the code in it, for a QR code. */
  readonly verificationUriComplete?: string
  /** Seconds. */
  readonly expiresIn: number
  /** Seconds. @default 5 */
  readonly interval: number
}

/** Rules by which a JWT is verified. */
export interface VerifyJwtOptions {
  /** Accepted audiences; the token must name one of them. */
  readonly audience: string | readonly string[]
  /**
   * Accepted values of the `typ` header, lower case, without `application/`; `''` means an absent one. `undefined`
   * accepts any or none.
   */
  readonly types?: readonly string[] | undefined
  /** Aborts the verification. */
  readonly signal?: AbortSignal | undefined
}

/** Claims and header of a JWT whose signature was verified. */
export interface VerifiedJwt {
  /** Verified claims. */
  readonly claims: JWTPayload
  /** `typ`, lower case, `application/` stripped. */
  readonly type?: string
  /** `alg`. */
  readonly algorithm?: string
}

/**
 * A connected authorization server: discovery, JWKS and client authentication, each done once and shared.
 *
 * Every method throws `TransportError` (no usable answer; retryable), `OAuthResponseError` (the
 * server refused), `InvalidResponseError` (it broke its specification) and, where it verifies,
 * `InvalidTokenError`. Nothing here retries a grant.
 */
export interface AuthorizationServer {
  /** Profile with which the server was made. */
  readonly profile: Profile
  /** Posts a grant to the token endpoint, with client authentication. */
  grant(grantType: string, parameters: GrantParameters, options?: GrantOptions): Promise<TokenResponse>
  /** Posts a backchannel authentication request (CIBA Core §7.1). */
  requestBackchannelAuthentication(
    parameters: GrantParameters,
    options?: RequestOptions,
  ): Promise<BackchannelAcknowledgement>
  /** Posts a device authorization request (RFC 8628 §3.1). */
  requestDeviceAuthorization(parameters: GrantParameters, options?: RequestOptions): Promise<DeviceAuthorization>
  /** Asks the server about a token (RFC 7662 §2.1), with client authentication. */
  introspect(token: string, options?: RequestOptions): Promise<IntrospectionResponse>
  /**
   * Revokes a token at the server (RFC 7009 §2.1). An unknown token is no error.
   * @throws ConfigurationError The server has no such endpoint.
   */
  revoke(token: string, options?: RevokeTokenOptions): Promise<void>
  /** Returns the endpoints of the metadata. Discovers the metadata if that was not done yet. */
  endpoints(options?: RequestOptions): Promise<ServerEndpoints>
  /**
   * Checks signature, `iss`, `aud`, `exp`, `nbf` and the algorithm of a JWT of this issuer. Makes no request for a JWT
   * that names another issuer.
   */
  verifyJwt(jwt: string, options: VerifyJwtOptions): Promise<VerifiedJwt>
}

/** The authorization servers that a guard knows. */
export interface AuthorizationServers {
  /**
   * Returns the server of an issuer.
   * @throws ConfigurationError The app does not trust the issuer; no request is made.
   */
  of(issuer: string): AuthorizationServer
  /** Returns whether `of` would find a server. */
  knows(issuer: string): boolean
  /** The only server, if a single profile was given. */
  readonly sole?: AuthorizationServer | undefined
}

const DEFAULT_TIMEOUT_MS = 10_000

// Read at each request, so that a mock or a proxy that is set up later is used. One function, so that all code with the
// default shares discovery and keys.
const globalFetch: Fetch = (input, init) => fetch(input, init)

/** Options for the network and the clock. */
export interface SurroundingsOptions {
  /** Sends every request. @default the global fetch */
  readonly fetch?: Fetch | undefined
  /** Clock for lifetimes and time-outs. @default the system's clock */
  readonly clock?: Clock | undefined
  /** Total time of one request, retries included, in milliseconds. Below 2^31. @default 10_000 */
  readonly timeoutMs?: number | undefined
}

/** Names of {@link SurroundingsOptions}, for the options that extend them. */
export const surroundingKeys = namesOf<SurroundingsOptions>('fetch', 'clock', 'timeoutMs')

/**
 * Fills in the defaults: global `fetch`, system clock, 10 s.
 *
 * @throws ConfigurationError An option has the wrong type.
 */
export function surroundingsOf(where: string, options: SurroundingsOptions): Surroundings {
  const { fetch: given = globalFetch, clock = systemClock, timeoutMs = DEFAULT_TIMEOUT_MS } = options
  checkValues(`${where}.`, options, { fetch: kinds.function, clock: aClock })
  // A timer of more than 31 bits fires at once.
  if (!(Number.isSafeInteger(timeoutMs) && timeoutMs > 0 && timeoutMs < 2 ** 31)) {
    throw new ConfigurationError(`${where}.timeoutMs`, 'give a positive whole number of milliseconds, below 2^31')
  }
  return { fetch: given, clock, timeoutMs }
}
