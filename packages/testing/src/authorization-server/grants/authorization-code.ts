import { base64url } from 'jose'
import { optional, required } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { DpopProof } from '../dpop.ts'
import { narrowedDetails } from '../grant-targets.ts'
import { issueAccessToken, issueIdToken, issueRefreshToken } from '../issue-tokens.ts'
import type { MockClient } from '../options.ts'
import type { ServerContext } from '../server-context.ts'
import type { AuthorizationDetail, Grant } from '../state.ts'

/**
 * Redeems a code, once. A second try ends every token of the first.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.1.2 | RFC 6749 §4.1.2}
 */
export async function redeemCode(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
  proof?: DpopProof,
): Promise<object> {
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
  const isPublic = client.clientSecret === undefined && client.publicKeys === undefined
  const grant = isPublic && proof ? { ...code.grant, boundTo: proof.thumbprint } : code.grant
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
    /** @default a new one */
    readonly refreshToken?: { readonly refresh_token?: string }
  },
): Promise<object> {
  const { scopes, authorizationDetails, proof, refreshToken = issueRefreshToken(context, grant) } = request
  const accessToken = await issueAccessToken(context, {
    clientId: grant.clientId,
    subject: grant.session.subject,
    audience: grant.audience,
    scopes,
    session: grant.session,
    grant,
    authorizationDetails,
    thumbprint: proof?.thumbprint,
  })
  const { clientId, session, nonce } = grant
  const idToken = scopes.includes('openid')
    ? {
        id_token: await issueIdToken(context, {
          clientId,
          session,
          scopes,
          accessToken: accessToken.access_token,
          nonce,
        }),
      }
    : {}
  return { ...accessToken, ...idToken, ...refreshToken }
}

async function challengeOf(verifier: string): Promise<string> {
  if (!/^[\w.~-]{43,128}$/.test(verifier)) throw new Refusal('invalid_grant', 'malformed code_verifier (RFC 7636 §4.1)')
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))))
}
