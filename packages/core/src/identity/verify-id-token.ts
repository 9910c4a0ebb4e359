import * as base64url from 'jose/base64url'
import type { UserIdentity } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'
import { copyOf, equalSecrets, namesOf, refuseUnknownKeys } from '../base/values/index.ts'
import { Token } from '../credential/index.ts'
import type { AuthorizationServer, AuthorizationServers, VerifiedJwt } from '../oauth/server.ts'
import { checkIdTokenKind } from './check-access-token.ts'
import { admit, buildUser } from './verified.ts'
import { selectServer, trustedServers, type VerifyTokenOptions, verifyTokenKeys } from './verify-access-token.ts'
import { audienceOf } from './wire.ts'

const encoder = new TextEncoder()

/**
 * Returns the `at_hash` of an access token: the left half of its hash, by the hash algorithm of the id_token's
 * signature.
 *
 * Returns `undefined` for an algorithm without a defined hash.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken | OpenID Connect Core §3.1.3.6}
 */
export async function accessTokenHash(accessToken: string, algorithm: string): Promise<string | undefined> {
  const hash = hashOf(algorithm)
  if (hash === undefined) return undefined
  const digest = new Uint8Array(await crypto.subtle.digest(hash, encoder.encode(accessToken)))
  return base64url.encode(digest.subarray(0, digest.length / 2))
}

function hashOf(algorithm: string): string | undefined {
  const bits = /^[RPE]S(256|384|512)$/.exec(algorithm)?.[1]
  if (bits !== undefined) return `SHA-${bits}`
  // Ed25519 signs with SHA-512 inside (RFC 8032 §5.1).
  return algorithm === 'EdDSA' || algorithm === 'Ed25519' ? 'SHA-512' : undefined
}

/** Requirements for an id_token. */
export interface VerifyIdTokenOptions extends VerifyTokenOptions {
  /** Nonce that was sent with the login. The token must repeat it. */
  readonly nonce?: string | undefined
  /** Access token of the same answer. It is compared with `at_hash` if the id_token has that claim. */
  readonly accessToken?: string | undefined
  /** Other audiences that the token may name besides the client. @default none */
  readonly trustedAudiences?: readonly string[] | undefined
}

export const idTokenKeys = namesOf<VerifyIdTokenOptions>(...verifyTokenKeys, 'nonce', 'accessToken', 'trustedAudiences')

/** Claims that OpenID Connect Core §2 requires, besides `exp` and the compared claims. */
const requiredClaims = ['sub', 'iat']

/**
 * Verifies an id_token of our own client and returns the user who logged in.
 *
 * Checks signature, `iss`, `aud` (the profile's client id), `azp`, `exp`, `nbf`, and `nonce` and `at_hash` if given.
 * Does not check `acr`, `auth_time` or whether the session still exists. Times tolerate 30 s.
 *
 * @param options.timeoutMs - Total time, discovery and keys included, in milliseconds. @default 10_000
 * @returns The verified user, frozen. The token is behind it, and in no field of it.
 * @throws InvalidTokenError The token does not verify; `reason` says why. Log in again.
 * @throws TransportError The issuer's metadata or keys did not arrive. Try again later.
 * @throws InvalidResponseError The issuer's metadata or keys break their specification.
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation | OpenID Connect Core §3.1.3.7}
 */
export async function verifyIdToken(idToken: string, options: VerifyIdTokenOptions): Promise<UserIdentity> {
  refuseUnknownKeys('verifyIdToken', options, idTokenKeys)
  const { user } = await userFromIdToken(idToken, trustedServers('verifyIdToken', options), options)
  return admit(user, {
    token: new Token(idToken),
    type: 'id_token',
    audience: audienceOf(user.claims),
    isInteractive: true,
  })
}

export interface LoginTokenOptions
  extends Pick<VerifyIdTokenOptions, 'nonce' | 'accessToken' | 'trustedAudiences' | 'signal'> {
  /**
   * Time at which the token arrived from the token endpoint, in epoch seconds. The token must have been issued at that
   * time, within the clock tolerance.
   * @default the token may be of any age
   */
  readonly receivedAt?: number | undefined
}

/**
 * Tolerance in seconds. Clocks of servers differ by minutes at most, and an app may take a moment. An older token is
 * from an earlier login.
 */
const ISSUED_TOLERANCE_SECONDS = 300

/** Returns the user that an id_token names, not admitted yet, and the server that vouches for them. */
export async function userFromIdToken(
  idToken: string,
  servers: AuthorizationServers,
  given: LoginTokenOptions,
): Promise<{ readonly user: UserIdentity; readonly server: AuthorizationServer }> {
  const server = selectServer(servers, idToken)
  const claims = await verifiedIdToken(server, idToken, given)
  return { user: buildUser(server.profile, claims, server.profile.clientId), server }
}

/** Returns the claims of an id_token of our client, after all that can be checked without knowing whom to expect. */
export async function verifiedIdToken(
  server: AuthorizationServer,
  idToken: string,
  given: LoginTokenOptions,
): Promise<VerifiedJwt['claims']> {
  const options = copyOf(given)
  const { clientId } = server.profile
  // An id_token has no type of its own. Its `typ` is `JWT` or absent, and never that of another kind of token (RFC 8725
  // §3.11).
  const verified = await server.verifyJwt(idToken, { audience: clientId, types: ['', 'jwt'], signal: options.signal })
  const { claims } = verified
  checkIdTokenKind(server.profile, claims)
  const missing = requiredClaims.filter((claim) => claims[claim] === undefined)
  if (missing.length > 0) throw new InvalidTokenError('claims', `the id_token has no ${missing.join(', ')}`)
  checkAudiences(claims, clientId, options.trustedAudiences ?? [])
  if (options.nonce !== undefined && claims.nonce !== options.nonce) {
    throw new InvalidTokenError('claims', 'the id_token has another nonce than the login')
  }
  if (options.receivedAt !== undefined) checkAge(claims.iat, options.receivedAt)
  if (options.accessToken !== undefined) await checkAccessTokenHash(verified, options.accessToken)
  return claims
}

/**
 * Checks the age of an id_token: the client decides which range of `iat` it accepts (OpenID Connect Core §3.1.3.7, 10).
 */
function checkAge(iat: unknown, receivedAt: number): void {
  const age = typeof iat === 'number' ? Math.round(receivedAt - iat) : Number.NaN
  if (age <= ISSUED_TOLERANCE_SECONDS) return
  throw new InvalidTokenError(
    'claims',
    `the id_token was issued ${age} s before it arrived, not within ${ISSUED_TOLERANCE_SECONDS} s: log in again`,
  )
}

/** Checks the audiences (OpenID Connect Core §3.1.3.7, 3 to 5). */
function checkAudiences(claims: VerifiedJwt['claims'], clientId: string, trusted: readonly string[]): void {
  const others = audienceOf(claims).filter((audience) => audience !== clientId)
  if (others.some((audience) => !trusted.includes(audience))) {
    throw new InvalidTokenError('audience', 'the id_token is for audiences that are not trusted here, too')
  }
  if (claims.azp === undefined ? others.length > 0 : claims.azp !== clientId) {
    throw new InvalidTokenError('audience', 'the id_token was issued to another client')
  }
}

async function checkAccessTokenHash({ claims, algorithm = '' }: VerifiedJwt, accessToken: string): Promise<void> {
  if (claims.at_hash === undefined) return
  const expected = await accessTokenHash(accessToken, algorithm)
  if (typeof claims.at_hash === 'string' && expected !== undefined && (await equalSecrets(claims.at_hash, expected)))
    return
  throw new InvalidTokenError('binding', 'the id_token belongs to another access token')
}
