import { base64url } from 'jose'
import { optional, required } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import { isPublic, type ServerContext } from '../server-context.ts'
import type { DpopProof, GrantRequest } from '../server-facts.ts'
import type { AuthorizationDetail, Grant } from '../state.ts'
import type { ActorClaim } from '../tokens/access-token.ts'
import { issueAccessToken, issueIdToken, issueRefreshToken } from '../tokens/issue-tokens.ts'
import { narrowedDetails } from './grant-targets.ts'

/**
 * Redeems a code, once. A second try ends every token of the first.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 | RFC 6749 §4.1.2}
 */
export async function redeemCode(context: ServerContext, { client, parameters, proof }: GrantRequest): Promise<object> {
  const code = context.state.codes.get(required(parameters, 'code'))
  if (code === undefined || code.grant.clientId !== client.clientId) {
    throw new Refusal('invalid_grant', 'unknown code, or one of another client')
  }
  if (code.used) {
    code.grant.revoked = true
    throw new Refusal('invalid_grant', 'the code was used before; its tokens are revoked')
  }
  if (code.expiresAt <= context.clock.now()) throw new Refusal('invalid_grant', 'the code expired')
  if (optional(parameters, 'redirect_uri') !== code.redirectUri) {
    throw new Refusal('invalid_grant', 'redirect_uri is not the one of the authorization request')
  }
  // RFC 7636 §4.6.
  if ((await challengeOf(required(parameters, 'code_verifier'))) !== code.codeChallenge) {
    throw new Refusal('invalid_grant', 'code_verifier does not match code_challenge')
  }
  const authorizationDetails = narrowedDetails(parameters, code.grant.authorizationDetails)
  code.used = true
  const grant = isPublic(client) && proof ? { ...code.grant, boundTo: proof.thumbprint } : code.grant
  return issueForGrant(context, grant, { scopes: grant.scopes, authorizationDetails, proof })
}

/** Issues tokens of a chain: the first ones from a code, later ones from refreshes. */
export async function issueForGrant(
  context: ServerContext,
  grant: Grant,
  request: {
    readonly scopes: readonly string[]
    /** Those of the grant, or fewer. */
    readonly authorizationDetails: readonly AuthorizationDetail[] | undefined
    readonly proof?: DpopProof | undefined
    readonly actor?: ActorClaim | undefined
    /** @default the same, with `openid` among them; else there is no id_token */
    readonly idTokenScopes?: readonly string[] | undefined
    /** @default a new one */
    readonly refreshToken?: { readonly refresh_token?: string }
  },
): Promise<object> {
  const { scopes, authorizationDetails, proof, actor, refreshToken = issueRefreshToken(context, grant) } = request
  const { idTokenScopes = scopes.includes('openid') ? scopes : undefined } = request
  const { clientId, session, nonce, audience } = grant
  const issued = await issueAccessToken(context, {
    clientId,
    subject: session.subject,
    audience,
    scopes,
    session,
    grant,
    actor,
    authorizationDetails,
    thumbprint: proof?.thumbprint,
  })
  if (idTokenScopes === undefined) return { ...issued, ...refreshToken }
  const login = { clientId, session, scopes: idTokenScopes, accessToken: issued.access_token, nonce }
  return { ...issued, id_token: await issueIdToken(context, login), ...refreshToken }
}

async function challengeOf(verifier: string): Promise<string> {
  if (!/^[\w.~-]{43,128}$/.test(verifier)) throw new Refusal('invalid_grant', 'malformed code_verifier (RFC 7636 §4.1)')
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))
}
