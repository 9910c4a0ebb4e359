import type { Clock, Fetch } from '@behalf/core'
import { createRemoteJWKSet, customFetch, decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose'
import { challenge, Problem } from './problem.ts'
import { IssuerMetadata } from './wire.ts'

/** A verified access token, as far as the API looks at it. */
export interface VerifiedAccessToken {
  readonly issuer: string
  readonly subject: string
  readonly tokenId: string
  readonly scopes: readonly string[]
  readonly authorizationDetails: readonly Readonly<Record<string, unknown>>[] | undefined
}

export interface TokenRules {
  /** Trusted issuers, compared exactly. */
  readonly issuers: readonly string[]
  readonly audience: string
  readonly fetch: Fetch
  readonly clock: Clock
}

/**
 * Makes a check of access tokens: signature by the issuer's own key set, `typ`, `iss`, `aud`, `exp`, and the
 * claims that an access token must have. An issuer is asked for its metadata once.
 *
 * The token's `iss` is read before its signature is checked, only to choose among the trusted issuers.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-4 | RFC 9068 §4}
 */
export function createTokenCheck(rules: TokenRules): (headers: Headers) => Promise<VerifiedAccessToken> {
  const keySets = new Map<string, Promise<ReturnType<typeof createRemoteJWKSet>>>()
  const keySetOf = (issuer: string) => {
    const known = keySets.get(issuer) ?? discover(issuer, rules.fetch)
    keySets.set(issuer, known)
    // A failure is not kept: the next request asks again.
    known.catch(() => keySets.delete(issuer))
    return known
  }
  return async (headers) => {
    const token = bearerToken(headers)
    const issuer = issuerOf(token)
    if (issuer === undefined || !rules.issuers.includes(issuer)) {
      throw challenge(401, 'invalid_token', 'the issuer is not trusted here')
    }
    const keys = await keySetOf(issuer).catch((cause: unknown) => unavailable(cause))
    const { payload } = await jwtVerify(token, keys, {
      issuer,
      audience: rules.audience,
      typ: 'at+jwt',
      algorithms: ['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519'],
      requiredClaims: ['sub', 'exp', 'iat', 'jti', 'client_id'],
      currentDate: new Date(rules.clock.now()),
    }).catch((cause: unknown) => refused(cause))
    return read(issuer, payload)
  }
}

async function discover(issuer: string, fetch: Fetch): Promise<ReturnType<typeof createRemoteJWKSet>> {
  const response = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`, { redirect: 'error' })
  if (!response.ok) throw new Error(`metadata answered ${response.status}`)
  const metadata = IssuerMetadata.parse(await response.json())
  // OpenID Connect Discovery §4.3: MUST be identical.
  if (metadata.issuer !== issuer) throw new Error('metadata of another issuer')
  return createRemoteJWKSet(new URL(metadata.jwks_uri), { [customFetch]: fetch })
}

/** RFC 6750 §3: a request without credentials gets a bare challenge. */
function bearerToken(headers: Headers): string {
  const authorization = headers.get('authorization')
  if (authorization === null) {
    throw new Problem(401, 'unauthenticated', 'this needs an access token', { 'www-authenticate': 'Bearer' })
  }
  const found = /^bearer ([\w.~+/-]+=*)$/i.exec(authorization)
  if (found === null) throw challenge(400, 'invalid_request', 'malformed Authorization header')
  return found[1] as string
}

function issuerOf(token: string): string | undefined {
  try {
    return decodeJwt(token).iss
  } catch {
    throw challenge(401, 'invalid_token', 'the token is no JWT')
  }
}

function refused(cause: unknown): never {
  if (cause instanceof errors.JWKSTimeout) unavailable(cause)
  if (cause instanceof errors.JOSEError) throw challenge(401, 'invalid_token', cause.message)
  // The key set could not be fetched: not the caller's fault.
  unavailable(cause)
}

function unavailable(_cause: unknown): never {
  throw new Problem(503, 'keys_unavailable', "the issuer's keys cannot be had now", { 'retry-after': '1' })
}

function read(issuer: string, payload: JWTPayload): VerifiedAccessToken {
  const details = payload.authorization_details
  return {
    issuer,
    subject: payload.sub as string,
    tokenId: payload.jti as string,
    scopes: typeof payload.scope === 'string' ? payload.scope.split(' ').filter((scope) => scope !== '') : [],
    authorizationDetails: Array.isArray(details) ? details : undefined,
  }
}
