import { base64url, type JWTPayload } from 'jose'
import { epochSeconds } from '../../clock.ts'
import { secondsOf } from '../grants/grant-targets.ts'
import type { ServerContext } from '../server-context.ts'
import type { Grant, Session } from '../state.ts'
import type { AccessTokenRequest, IssuedAccessToken } from './access-token.ts'
import { standardClaims, userClaims } from './claims.ts'

/**
 * Issues an access token: signed, or a random text for an API that introspects its tokens.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9068#section-2.2 | RFC 9068 §2.2}
 */
export async function issueAccessToken(
  context: ServerContext,
  request: AccessTokenRequest,
): Promise<IssuedAccessToken> {
  const now = epochSeconds(context.clock)
  const expiresAt = Math.min(now + secondsOf(context, request.audience), request.notAfter ?? Infinity)
  const tokenId = crypto.randomUUID()
  const grant = request.grant ?? context.state.grantsByTokenId.get(request.chainOf ?? '')
  if (grant !== undefined) context.state.grantsByTokenId.set(tokenId, grant)
  const claims: JWTPayload = {
    ...userClaims(context, request.subject),
    iss: context.issuer,
    sub: request.subject,
    aud: audienceClaim(context, request.audience),
    exp: expiresAt,
    iat: now,
    jti: tokenId,
    [context.clientIdClaim]: request.clientId,
    scope: request.scopes.join(' '),
    ...(request.session && {
      auth_time: request.session.authTime,
      acr: request.session.acr,
      sid: request.session.sessionId,
    }),
    ...(request.actor && { act: request.actor }),
    ...(request.authorizationDetails && { authorization_details: request.authorizationDetails }),
    ...(request.thumbprint !== undefined && { cnf: { jkt: request.thumbprint } }),
  }
  const tokenType = request.thumbprint === undefined ? 'Bearer' : 'DPoP'
  return {
    access_token: await write(context, claims, tokenType, request.audience, grant),
    token_type: tokenType,
    expires_in: expiresAt - now,
    scope: request.scopes.join(' '),
    ...(request.authorizationDetails && { authorization_details: request.authorizationDetails }),
  }
}

async function write(
  context: ServerContext,
  claims: JWTPayload,
  tokenType: string,
  audience: readonly string[],
  grant: Grant | undefined,
): Promise<string> {
  if (!audience.some((identifier) => context.resources.get(identifier)?.opaque)) {
    return (await context.key).sign(claims, 'at+jwt')
  }
  const token = randomText()
  context.state.opaqueTokens.set(token, { claims, tokenType, ...(grant && { grant }) })
  return token
}

/**
 * An id_token for a client.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#IDToken | OpenID Connect Core §2}
 */
export async function issueIdToken(
  context: ServerContext,
  request: {
    readonly clientId: string
    readonly session: Session
    readonly scopes: readonly string[]
    readonly accessToken: string
    readonly nonce?: string | undefined
  },
): Promise<string> {
  const now = epochSeconds(context.clock)
  const { session } = request
  const claims: JWTPayload = {
    ...userClaims(context, session.subject),
    ...standardClaims(context, session.subject, request.scopes),
    iss: context.issuer,
    sub: session.subject,
    aud: request.clientId,
    exp: now + context.accessTokenSeconds,
    iat: now,
    auth_time: session.authTime,
    acr: session.acr,
    sid: session.sessionId,
    at_hash: await halfHash(request.accessToken),
    ...(request.nonce !== undefined && { nonce: request.nonce }),
  }
  return (await context.key).sign(claims, 'JWT')
}

/** Issues a refresh token if the grant includes `offline_access`. */
export function issueRefreshToken(context: ServerContext, grant: Grant): { readonly refresh_token?: string } {
  if (!grant.scopes.includes('offline_access')) return {}
  const token = randomText()
  context.state.refreshTokens.set(token, { grant, used: false })
  return { refresh_token: token }
}

/** 256 random bits in base64url. */
export function randomText(): string {
  return base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
}

/** Returns the audience. A token without an API is for the server's own endpoints. */
function audienceClaim(
  context: ServerContext,
  [first = context.issuer, ...more]: readonly string[],
): string | string[] {
  return more.length === 0 ? first : [first, ...more]
}

/** The left half of the SHA-256 of a token (OpenID Connect Core §3.1.3.6). */
async function halfHash(token: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token)))
  return base64url.encode(digest.slice(0, digest.length / 2))
}
