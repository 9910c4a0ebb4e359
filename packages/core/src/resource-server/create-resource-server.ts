import type { AuthorizationServers, SurroundingsOptions } from '../authorization-server/index.ts'
import type { AuthorizationDetail, Identity } from '../contract/index.ts'
import { ConfigurationError, InvalidTokenError, TransportError } from '../errors/index.ts'
import {
  checkAudience,
  identityFromAccessToken,
  readAuthorizationDetails,
  subjectTokenOf,
  trustedServers,
  type VerifyTokenOptions,
} from '../identity/index.ts'
import { refuseUnknownKeys, scopeList } from '../lib/index.ts'
import { type Challenge, challengeResponse } from './challenge.ts'
import { readBearerToken } from './read-bearer-token.ts'

const DEFAULT_RETRY_SECONDS = 5
/** RFC 6750 §3: `Bearer` is followed by at least one parameter, also where there is nothing to say. */
const DEFAULT_REALM = 'api'

export interface ResourceServerOptions extends SurroundingsOptions {
  /** The issuer whose tokens the API takes, or a function that answers with the profile of each of several. */
  readonly authorizationServer: VerifyTokenOptions['authorizationServer']
  /** The API's own identifier: tokens for anybody else are refused. Any one of several. */
  readonly audience: string | readonly string[]
  /** `realm` of the challenges. @default 'api' */
  readonly realm?: string | undefined
}

const optionKeys = [
  'authorizationServer',
  'audience',
  'realm',
  'fetch',
  'clock',
  'timeoutMs',
] as const satisfies readonly (keyof ResourceServerOptions)[]

export interface ProtectOptions {
  /** Scopes that the request needs, all of them. @default none */
  readonly scopes?: readonly string[] | undefined
}

/** Who may go on, and with what. */
export interface Passed {
  readonly ok: true
  readonly identity: Identity
  /** Scopes of the token. */
  readonly scopes: readonly string[]
  /** What the token was approved for in particular (RFC 9396 §9.1); the API compares it with what is asked. */
  readonly authorizationDetails: readonly AuthorizationDetail[]
  readonly claims: Readonly<Record<string, unknown>>
}

/** The answer to give instead. */
export interface Refused {
  readonly ok: false
  readonly response: Response
  /** Why, for the API's own log; never part of the response. */
  readonly reason: string
}

export interface ResourceServer {
  /**
   * Verifies the request's bearer token and its scopes.
   *
   * Does not read the body and does not decide what the caller may do with it: `identity`, `scopes` and
   * `authorizationDetails` are what to decide by.
   *
   * @returns What the token proves, or the RFC 6750 response to send. An issuer that cannot be reached is
   *   a 503, not a 401: the token may be good.
   * @throws InvalidResponseError The issuer's metadata or keys break their specification.
   */
  protect(request: Request, options?: ProtectOptions): Promise<Passed | Refused>
}

/**
 * Makes the API's half: verifies who calls, for a fetch-style handler.
 *
 * Takes JWT access tokens in the `Authorization` header. No request is made here.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750 | RFC 6750}
 */
export function createResourceServer(options: ResourceServerOptions): ResourceServer {
  refuseUnknownKeys('createResourceServer', options, optionKeys)
  const servers = trustedServers('createResourceServer', options)
  const audience = checkAudience('createResourceServer.audience', options.audience)
  const realm = checkRealm(options.realm ?? DEFAULT_REALM)
  return {
    async protect(request, options = {}) {
      // A misspelt `scopes` would let every token pass.
      refuseUnknownKeys('protect', options, ['scopes'])
      const { scopes = [] } = options
      const needed = scopes.length === 0 ? scopes : scopeList('protect.scopes', scopes)
      const bearer = readBearerToken(request)
      if (bearer.kind === 'none') return refuse('no bearer token', { realm })
      if (bearer.kind === 'malformed') {
        return refuse(bearer.description, { realm, error: 'invalid_request', error_description: bearer.description })
      }
      const verified = await verify(bearer.token, servers, audience, request.signal)
      if ('response' in verified) return verified
      if ('reason' in verified) {
        const description = `The access token is not acceptable: ${verified.reason}`
        return refuse(verified.reason, { realm, error: 'invalid_token', error_description: description })
      }
      return checkScopes(verified, needed, realm)
    },
  }
}

type Verification = Passed | Refused | { readonly reason: string }

async function verify(
  token: string,
  servers: AuthorizationServers,
  audience: readonly string[],
  signal: AbortSignal,
): Promise<Verification> {
  try {
    const identity = await identityFromAccessToken(token, servers, audience, signal)
    const authorizationDetails = readAuthorizationDetails(identity.claims)
    const scopes = subjectTokenOf(identity)?.scopes ?? []
    return { ok: true, identity, scopes, authorizationDetails, claims: identity.claims }
  } catch (error) {
    if (error instanceof InvalidTokenError) return { reason: error.reason }
    if (error instanceof TransportError) return unavailable(error)
    throw error
  }
}

function checkScopes(passed: Passed, needed: readonly string[], realm: string): Passed | Refused {
  const lacking = needed.filter((scope) => !passed.scopes.includes(scope))
  if (lacking.length === 0) return passed
  return refuse(`the token lacks ${lacking.join(', ')}`, {
    realm,
    error: 'insufficient_scope',
    error_description: 'The request needs scopes that the token does not have',
    scope: needed.join(' '),
  })
}

function refuse(reason: string, challenge: Challenge): Refused {
  return { ok: false, response: challengeResponse(challenge), reason }
}

function unavailable({ message, retryAfter = DEFAULT_RETRY_SECONDS }: TransportError): Refused {
  const headers = { 'retry-after': String(retryAfter), 'cache-control': 'no-store' }
  return { ok: false, response: new Response(null, { status: 503, headers }), reason: message }
}

/** It goes into a quoted string as it is (RFC 9110 §5.6.4). */
function checkRealm(realm: string): string {
  if (/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/.test(realm)) return realm
  throw new ConfigurationError('createResourceServer.realm', 'is printable ASCII without quotes and backslashes')
}
