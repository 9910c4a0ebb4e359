import { LRUCache } from 'lru-cache'
import type { Identity } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'
import { type Clock, isRecent, TOLERANCE_SECONDS } from '../base/ports.ts'
import { SingleFlight } from '../base/process/async.ts'
import { checkOptions, defined, kinds, oneOf, sha256, shownTime, upTo } from '../base/values/index.ts'
import { Token } from '../credential/index.ts'
import { connectAuthorizationServer } from '../oauth/connect-authorization-server.ts'
import { subjectOf, unverifiedClaims, wrongAudience } from '../oauth/jwt/read-claims.ts'
import { refuseFromFuture } from '../oauth/jwt/verify-jwt.ts'
import { type Profile, requireConfidentialClient } from '../oauth/profiles/profile.ts'
import {
  type AuthorizationServer,
  type IntrospectionResponse,
  type RequestOptions,
  type SurroundingsOptions,
  surroundingKeys,
  surroundingsOf,
} from '../oauth/server.ts'
import { tokenScopes } from '../oauth/tokens/scopes.ts'
import { checkBinding, hasClaimsOfAccessToken } from './check-access-token.ts'
import { isInteractiveClient } from './subject-token.ts'
import { admit, buildAgent, buildUser } from './verified.ts'
import { checkAudience } from './verify-access-token.ts'
import { audienceOf, keyThumbprintOf } from './wire.ts'

/** The server that introspects opaque tokens, and the time for which its answers are cached. */
export interface IntrospectionOptions extends SurroundingsOptions {
  /** Issuer of the tokens. There is exactly one, since an opaque token does not name its issuer. */
  readonly authorizationServer: Profile
  /** Identifier of this API: the token must have been issued for it. With several, for any one of them. */
  readonly audience: string | readonly string[]
  /**
   * Treatment of an answer without `aud`, which RFC 7662 §2.2 allows. Use `'accept'` only if the server answers only
   * the API that a token is for.
   * @default 'refuse'
   */
  readonly missingAudience?: 'accept' | 'refuse' | undefined
  /** Time that an active answer may be reused, in seconds. A revoked token stays accepted for as long. @default 0 */
  readonly cacheSeconds?: number | undefined
  /** Maximum number of cached answers. @default 1000 */
  readonly cacheSize?: number | undefined
}

/** Options for the introspection of one token. */
export interface IntrospectOptions extends RequestOptions {
  /** Audience to use in place of the configured one. */
  readonly audience?: readonly string[] | undefined
  /** Thumbprint of the key that the caller proved (RFC 9449). Absent: a bound token is refused. */
  readonly provedKey?: string | undefined
}

/** Returns the identity of an opaque access token, or throws. */
export type TokenIntrospection = (token: string, options?: IntrospectOptions) => Promise<Identity>

const optionValues = {
  missingAudience: oneOf('accept', 'refuse'),
  cacheSeconds: upTo(3600, 0),
  cacheSize: kinds.positiveInteger,
}
const otherOptions = ['authorizationServer', 'audience', ...surroundingKeys]

/** Maximum length of a token, the same as for a JWT. */
const MAX_TOKEN_LENGTH = 16 * 1024

/**
 * Sets up the introspection of opaque access tokens: it asks the issuer itself, with our client's own authentication.
 * Makes no request now.
 *
 * The result returns a verified identity, or throws `InvalidTokenError`: `inactive` for a token that the issuer does
 * not confirm. Parallel calls with the same token share one request. Fits the `introspect` option of
 * `createResourceServer`.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662#section-2 | RFC 7662 §2}
 */
export function createIntrospection(options: IntrospectionOptions): TokenIntrospection {
  checkOptions('createIntrospection', options, optionValues, otherOptions)
  const where = (name: string) => `createIntrospection.${name}`
  const { missingAudience = 'refuse', cacheSeconds = 0, cacheSize = 1000 } = options
  // RFC 7662 §2.1: the endpoint must authenticate the client.
  const profile = requireConfidentialClient(where('authorizationServer'), options.authorizationServer)
  const surroundings = surroundingsOf('createIntrospection', options)
  const server = connectAuthorizationServer(profile, surroundings)
  const answers = new Answers(server, surroundings.clock, cacheSeconds, cacheSize)
  const configured = checkAudience(where('audience'), options.audience)
  return async (token, { audience: given, provedKey, signal } = {}) => {
    const audience = given === undefined ? configured : checkAudience('introspect.audience', given)
    if (typeof token !== 'string' || token === '') throw new InvalidTokenError('malformed', 'there is no token')
    if (token.length > MAX_TOKEN_LENGTH) {
      throw new InvalidTokenError('too_large', `the token is longer than ${MAX_TOKEN_LENGTH} characters`)
    }
    // A claim of the JWT that restricts it counts, even if the answer omits it.
    const { iss, aud, cnf } = (await unverifiedClaims(token)) ?? {}
    refuseOtherIssuer(iss, profile.issuer)
    const claims = defined({ cnf, ...(await answers.of(token, signal)) })
    checkTimes(claims, surroundings.clock)
    const accepts = missingAudience === 'accept'
    checkTarget(accepts ? defined({ aud, ...claims }) : claims, audience, accepts)
    checkBinding(claims, provedKey)
    return identityOf(token, claims, server.profile)
  }
}

type Claims = Readonly<Record<string, unknown>>

/**
 * Positive answers, each cached under the hash of its token for a limited time, and only if the app asked for a cache.
 */
class Answers {
  readonly #server: AuthorizationServer
  readonly #clock: Clock
  readonly #cacheSeconds: number
  readonly #kept: LRUCache<string, { readonly claims: Claims; readonly askedAt: number }> | undefined
  readonly #flights = new SingleFlight<Claims>()

  constructor(server: AuthorizationServer, clock: Clock, cacheSeconds: number, max: number) {
    this.#server = server
    this.#clock = clock
    this.#cacheSeconds = cacheSeconds
    this.#kept = cacheSeconds > 0 ? new LRUCache({ max }) : undefined
  }

  async of(token: string, signal: AbortSignal | undefined): Promise<Claims> {
    const key = await sha256(token)
    const kept = this.#kept?.get(key)
    if (kept !== undefined && isRecent(this.#clock.now(), kept.askedAt, this.#cacheSeconds)) return kept.claims
    return this.#flights.run(key, (flight) => this.#ask(key, token, flight), signal)
  }

  async #ask(key: string, token: string, signal: AbortSignal): Promise<Claims> {
    // An answer is as old as its question: the issuer may have given it long before it came.
    const askedAt = this.#clock.now()
    const { active, claims }: IntrospectionResponse = await this.#server.introspect(token, { signal })
    this.#kept?.delete(key)
    // RFC 7662 §2.2: nothing else in the answer counts without it.
    if (!active) throw new InvalidTokenError('inactive', 'the issuer does not vouch for the token')
    refuseOtherIssuer(claims.iss, this.#server.profile.issuer)
    this.#kept?.set(key, { claims, askedAt })
    return claims
  }
}

function refuseOtherIssuer(named: unknown, issuer: string): void {
  if (named === undefined || named === issuer) return
  throw new InvalidTokenError('issuer', 'the token is from another issuer than the one that is asked')
}

function checkTimes({ exp, nbf, iat }: Claims, clock: Clock): void {
  const now = clock.now() / 1000
  if (![exp, nbf, iat].every((time) => time === undefined || typeof time === 'number')) {
    throw new InvalidTokenError('claims', 'the token has malformed claims: exp, nbf, iat')
  }
  refuseFromFuture(iat, now)
  // Stryker disable next-line ConditionalExpression: The line above refuses every value that is neither a number nor `undefined`, and a comparison with `undefined` is false.
  if (typeof exp === 'number' && exp <= now - TOLERANCE_SECONDS) {
    throw new InvalidTokenError('expired', `the token expired at ${shownTime(exp)}`)
  }
  // Stryker disable next-line ConditionalExpression: The line above refuses every value that is neither a number nor `undefined`, and a comparison with `undefined` is false.
  if (typeof nbf === 'number' && nbf > now + TOLERANCE_SECONDS) {
    throw new InvalidTokenError('not_yet_valid', 'the token is not valid yet')
  }
}

function checkTarget(claims: Claims, audience: readonly string[], acceptMissing: boolean): void {
  if (claims.aud === undefined && acceptMissing) return
  if (audienceOf(claims).some((one) => audience.includes(one))) return
  throw wrongAudience(claims.aud, audience)
}

const answerRules = { scopes: ({ scope }: Claims) => scope }

function identityOf(token: string, claims: Claims, profile: Profile): Identity {
  const { token: rules } = profile
  const type = claims.token_type
  // A refresh token may be active too, and is not an access token. If the audience cannot distinguish them, the type
  // must.
  const named = typeof type === 'string' && /^(?:bearer|dpop)$/i.test(type)
  const isTold = type === undefined && claims.aud !== undefined && hasClaimsOfAccessToken(profile, claims)
  if (!(named || isTold) || rules.isAccessToken?.(claims) === false) {
    throw new InvalidTokenError('type', 'the token is not an access token')
  }
  // RFC 7662 §2.2 uses this name, whatever the provider's JWTs use.
  const told = claims.client_id
  const clientId = typeof told === 'string' && told !== '' ? told : rules.clientId(claims)
  if (clientId === undefined) throw new InvalidTokenError('claims', 'the token names no client')
  const isAgent = rules.isAgent?.(claims) ?? subjectOf(profile, claims) === clientId
  const keyThumbprint = keyThumbprintOf(claims)
  return admit(isAgent ? buildAgent(profile, claims, clientId) : buildUser(profile, claims, clientId), {
    token: new Token(token),
    type: 'access_token',
    // RFC 7662 §2.2 also defines its own name for the scopes.
    scopes: tokenScopes(claims.scope === undefined ? rules : answerRules, claims),
    audience: audienceOf(claims),
    isInteractive: isInteractiveClient(profile, clientId),
    ...(keyThumbprint !== undefined && { keyThumbprint }),
  })
}
