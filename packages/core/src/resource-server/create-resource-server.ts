import { ConfigurationError } from '../base/errors/index.ts'
import { checkValues, kinds, namesOf, originList, refuseUnknownKeys, scopeList } from '../base/values/index.ts'
import { checkAudience, trustedServers, type VerifyTokenOptions } from '../identity/verify-access-token.ts'
import { type SurroundingsOptions, surroundingKeys, surroundingsOf } from '../oauth/server.ts'
import { type ActorRules, type AuthenticationRules, checkActorRules, checkAuthenticationRules } from './caller-rules.ts'
import type { Challenged } from './challenge.ts'
import { type DpopOptions, dpopRules } from './dpop-options.ts'
import { type CheckedRules, protectRequest } from './protect-request.ts'
import type { ProtectedRequest } from './read-access-token.ts'
import { type MetadataOptions, resourceMetadata } from './resource-metadata.ts'
import type { Introspect, Passed } from './verify-caller.ts'

/** Default realm. RFC 6750 §3: at least one parameter follows `Bearer`, even if there is nothing to report. */
const DEFAULT_REALM = 'api'

/** Options of `createResourceServer`. */
export interface ResourceServerOptions extends SurroundingsOptions {
  /** Issuer whose tokens the API accepts, or a function that returns the profile of each of several. */
  readonly authorizationServer: VerifyTokenOptions['authorizationServer']
  /** Identifier of the API: tokens for another audience are refused. With several, any one is accepted. */
  readonly audience: string | readonly string[]
  /** `realm` of the challenges. @default 'api' */
  readonly realm?: string | undefined
  /** Takes tokens that are bound to a key, with their proofs. @default they are refused */
  readonly dpop?: DpopOptions | undefined
  /**
   * Origin that clients see: a proof names it (RFC 9449 §4.3). Not taken from the request, since its sender writes `Host`.
   * @default those of `audience`; with `dpop`, required where an audience is no address
   */
  readonly origin?: string | undefined
  /**
   * Path that the proxy removes before the request arrives here, such as `/trading`: a proof names the address that its
   * client sees (RFC 9449 §4.3).
   * @default nothing
   */
  readonly pathPrefix?: string | undefined
  /** Agents that may act here. @default any */
  readonly actors?: ActorRules | undefined
  /** Takes opaque tokens too, by asking their issuer. @default they are refused */
  readonly introspect?: Introspect | undefined
  /**
   * Asks the issuer about JWTs too, at each request: for JWTs that lack claims which the issuer tells only when it is asked
   * (Keycloak's lightweight tokens), or to notice a revocation at once.
   * @default false: a JWT is verified here, by the issuer's keys
   */
  readonly introspectJwts?: boolean | undefined
  /** Publishes a metadata document, and names it in challenges (RFC 9728). @default none */
  readonly metadata?: MetadataOptions | undefined
}

const optionKeys = namesOf<ResourceServerOptions>(
  'authorizationServer',
  'audience',
  'realm',
  'dpop',
  'origin',
  'pathPrefix',
  'actors',
  'introspect',
  'introspectJwts',
  'metadata',
  ...surroundingKeys,
)

/** Requirements of one request, besides a valid token. */
export interface ProtectOptions extends AuthenticationRules {
  /** Scopes that the request needs, all of them. @default none */
  readonly scopes?: readonly string[] | undefined
  /** Scopes of which the request needs any one. @default none */
  readonly anyScope?: readonly string[] | undefined
  /**
   * Scopes that a refusal for missing `scopes` also names where the token has them, for clients that ask for exactly the
   * named scopes and would lose these. A refusal always names all `scopes` of the request (RFC 6750 §3.1). @default none
   */
  readonly keepScopes?: readonly string[] | undefined
  /** Agents that may make this request, in addition to the rules of the whole API. @default any */
  readonly actors?: ActorRules | undefined
}

const protectKeys = namesOf<ProtectOptions>('scopes', 'anyScope', 'keepScopes', 'acrValues', 'maxAge', 'actors')

/** Verifies the requests of one API, and publishes its metadata. */
export interface ResourceServer {
  /**
   * Verifies the request's access token, its proof if the token is bound to a key, and the requirements in `options`.
   *
   * Does not read the body, and does not decide what the caller may do with it: decide by `identity`, `scopes` and
   * `authorizationDetails`.
   *
   * @param found - Returns the requirements in place of `options`, if they depend on the body. Called after the token
   *   has been verified, so that no body is read for an invalid token.
   * @returns What the token proves, or the RFC 6750, 9470 or 9449 response to send. An issuer or a store that cannot be
   *   reached is a 503, not a 401: the token may be valid.
   * @throws InvalidResponseError The issuer's metadata or keys break their specification.
   */
  protect(
    request: ProtectedRequest,
    options?: ProtectOptions,
    found?: () => Promise<ProtectOptions>,
  ): Promise<Passed | Challenged>
  /**
   * The metadata document, for requests to its well-known address; `undefined` for all others.
   * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-3 | RFC 9728 §3}
   */
  metadata(request: Pick<ProtectedRequest, 'url' | 'method'>): Response | undefined
  /** Address of the metadata document. Absent if there is no document. */
  readonly metadataUrl?: string
}

/**
 * Makes the API's side: verifies the caller, for a fetch-style handler.
 *
 * Accepts access tokens only in the `Authorization` header. Makes no request now.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750 | RFC 6750}
 */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  refuseUnknownKeys('createResourceServer', options, optionKeys)
  const servers = trustedServers('createResourceServer', options)
  const { clock } = surroundingsOf('createResourceServer', options)
  const audience = checkAudience('createResourceServer.audience', options.audience)
  const dpop = options.dpop && dpopRules('createResourceServer.dpop', options.dpop, clock)
  const issuer = typeof options.authorizationServer === 'function' ? undefined : options.authorizationServer.issuer
  const metadata =
    options.metadata && resourceMetadata('createResourceServer.metadata', options.metadata, { audience, issuer, dpop })
  const { introspect, introspectJwts = false } = options
  checkValues('createResourceServer.', options, { introspect: kinds.function, introspectJwts: kinds.boolean })
  if (introspectJwts && introspect === undefined) {
    throw new ConfigurationError('createResourceServer.introspectJwts', 'needs `introspect`, which asks the issuer')
  }
  const settings = {
    caller: { servers, audience, introspect, introspectJwts },
    dpop,
    origins: dpop || options.origin ? proofOrigins(options.origin, audience) : [],
    pathPrefix: checkPathPrefix(options.pathPrefix ?? ''),
    actors: checkActorRules('createResourceServer.actors', options.actors),
    clock,
    challenge: {
      realm: checkRealm(options.realm ?? DEFAULT_REALM),
      resourceMetadata: metadata?.url,
      algorithms: dpop?.algorithms,
      dpopRequired: dpop?.required ?? false,
    },
  }
  return {
    protect: async ({ url, method, headers, signal }, rules = {}, found) => {
      // Copied like the rules: a server may reuse the same object for its next request.
      const request = { url, method, headers, signal }
      const checked = checkRules(rules)
      return protectRequest(
        request,
        found ? { ...checked, found: async () => checkRules(await found()) } : checked,
        settings,
      )
    },
    metadata: (request) => metadata?.answer(request),
    ...(metadata !== undefined && { metadataUrl: metadata.url }),
  }
}

/** Origins that clients see. Of several, a proof names that of its request. */
function proofOrigins(origin: string | undefined, audience: readonly string[]): readonly string[] {
  const named = origin
    ? [origin]
    : audience.map((one) => (/^https?:/.test(one) && URL.canParse(one) ? new URL(one).origin : ''))
  if (!named.includes('')) return originList('createResourceServer.origin', [...new Set(named)])
  throw new ConfigurationError(
    'createResourceServer.origin',
    'with dpop, give the origin that clients see: it cannot be taken from an audience that is no address',
  )
}

function checkPathPrefix(prefix: unknown): string {
  if (prefix === '') return prefix
  // The prefix must be in the URL parser's spelling, so that it equals the client's spelling.
  const isPath = typeof prefix === 'string' && /^\/.*[^/]$/s.test(prefix)
  if (isPath && new URL(`https://api.example${prefix}`).pathname === prefix) return prefix
  throw new ConfigurationError(
    'createResourceServer.pathPrefix',
    'give the path that the proxy takes off, such as /trading: it begins with a slash and ends without one',
  )
}

/** Checks the rules of a call: a misspelt `scopes` would let every token pass. */
function checkRules(rules: ProtectOptions): CheckedRules {
  refuseUnknownKeys('protect', rules, protectKeys)
  checkAuthenticationRules('protect', rules)
  const { scopes = [], anyScope, keepScopes = [], acrValues, maxAge } = rules
  return {
    scopes: scopes.length === 0 ? [] : scopeList('protect.scopes', scopes),
    // An empty list could never be met, so it is refused at once.
    anyScope: anyScope === undefined ? [] : scopeList('protect.anyScope', anyScope),
    keepScopes: keepScopes.length === 0 ? [] : scopeList('protect.keepScopes', keepScopes),
    authentication: { acrValues: acrValues && [...acrValues], maxAge },
    actors: checkActorRules('protect.actors', rules.actors),
  }
}

/** Checks the realm, which a challenge quotes unchanged (RFC 9110 §5.6.4). */
function checkRealm(realm: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm)) return realm
  throw new ConfigurationError('createResourceServer.realm', 'give printable ASCII without quotes and backslashes')
}
