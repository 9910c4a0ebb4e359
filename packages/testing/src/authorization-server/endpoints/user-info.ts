import { base64url, decodeJwt, type JWTPayload } from 'jose'
import { epochSeconds } from '../../clock.ts'
import type { Received } from '../../http/received.ts'
import { answer, Refusal } from '../../http/refusal.ts'
import type { ServerContext } from '../server-context.ts'
import { standardClaims, userClaims } from '../tokens/claims.ts'
import { verifyProof } from '../tokens/dpop.ts'
import { TOKEN_TYPE, verifyOwnToken } from '../tokens/subject-token.ts'

/**
 * Returns the claims of the user of an access token with the scope `openid`, whatever API the token is for.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#UserInfo | OpenID Connect Core §5.3}
 */
export async function userInfo(context: ServerContext, received: Received): Promise<Response> {
  const [, scheme = '', token = ''] =
    /^(bearer|dpop) +([A-Za-z0-9\-._~+/]+=*)$/i.exec(received.headers.get('authorization') ?? '') ?? []
  if (token === '') throw unauthorized('invalid_token', 'no access token came')
  const claims = await claimsOf(context, token)
  await checkBinding(context, received, claims, { scheme, token })
  const scopes = String(claims.scope ?? '').split(' ')
  if (!scopes.includes('openid')) throw unauthorized('insufficient_scope', 'the token has no scope openid', 403)
  const { sub = '' } = claims
  return answer({ ...userClaims(context, sub), ...standardClaims(context, sub, scopes), sub })
}

async function claimsOf(context: ServerContext, token: string): Promise<JWTPayload> {
  const opaque = context.state.opaqueTokens.get(token)
  const invalid = (description: string) => unauthorized('invalid_token', description)
  if (opaque === undefined) return verifyOwnToken(context, token, TOKEN_TYPE.accessToken, 'the token', invalid)
  const isOver = opaque.grant?.revoked === true || (opaque.claims.exp ?? 0) <= epochSeconds(context.clock)
  if (isOver) throw invalid('the token is revoked, or expired')
  return opaque.claims
}

/**
 * Checks the binding of a token: a bound token needs a proof of its key, and another token must have none (RFC 9449
 * §7).
 */
async function checkBinding(
  context: ServerContext,
  received: Received,
  claims: JWTPayload,
  { scheme, token }: { readonly scheme: string; readonly token: string },
): Promise<void> {
  const bound = (claims.cnf as { readonly jkt?: string } | undefined)?.jkt
  if ((scheme.toLowerCase() === 'dpop') !== (bound !== undefined)) {
    throw unauthorized('invalid_token', 'the token was presented in the wrong scheme')
  }
  if (bound === undefined) return
  const proof = await verifyProof(context, received).catch((error: unknown) => {
    if (!(error instanceof Refusal)) throw error
    throw unauthorized(error.error, error.message, 401, { scheme: 'DPoP', headers: error.headers })
  })
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token))
  const { ath } = decodeJwt(received.headers.get('dpop') ?? '')
  if (proof?.thumbprint !== bound || ath !== base64url.encode(new Uint8Array(digest))) {
    throw unauthorized('invalid_token', 'the proof is of another key or token', 401, { scheme: 'DPoP', headers: {} })
  }
}

/** Refuses a request. The challenge contains the reason (RFC 6750 §3). */
function unauthorized(
  error: string,
  description: string,
  status = 401,
  { scheme, headers }: { readonly scheme: string; readonly headers: Readonly<Record<string, string>> } = {
    scheme: 'Bearer',
    headers: {},
  },
): Refusal {
  return new Refusal(error, description, {
    status,
    headers: { ...headers, 'www-authenticate': `${scheme} error="${error}"` },
  })
}

/**
 * Ends the login of this server, and sends the browser back. This server has no page that asks the person first.
 * @see {@link https://openid.net/specs/openid-connect-rpinitiated-1_0.html#RPLogout | RP-Initiated Logout 1.0 §2}
 */
export async function logout(context: ServerContext, received: Received): Promise<Response> {
  const hint = received.parameters.get('id_token_hint')
  const hinted = hint === null ? undefined : await verifyOwnToken(context, hint, TOKEN_TYPE.idToken, 'id_token_hint')
  const clientId = received.parameters.get('client_id') ?? String(hinted?.aud)
  if (hinted !== undefined && hinted.aud !== clientId) {
    throw new Refusal('invalid_request', 'id_token_hint is of another client')
  }
  const target = received.parameters.get('post_logout_redirect_uri')
  const origins = (context.clients.get(clientId)?.redirectUris ?? []).map((uri) => new URL(uri).origin)
  if (target !== null && !(URL.canParse(target) && origins.includes(new URL(target).origin))) {
    throw new Refusal('invalid_request', 'post_logout_redirect_uri is not of an origin of the client')
  }
  context.state.signedIn = undefined
  if (target === null) return answer({ loggedOut: true })
  const location = new URL(target)
  const state = received.parameters.get('state')
  if (state !== null) location.searchParams.set('state', state)
  return new Response(null, { status: 302, headers: { location: location.href, 'cache-control': 'no-store' } })
}
