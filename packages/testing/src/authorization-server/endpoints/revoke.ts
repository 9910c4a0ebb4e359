import { decodeJwt } from 'jose'
import { type Received, required } from '../../http/received.ts'
import type { ServerContext } from '../server-context.ts'
import type { Grant } from '../state.ts'
import { authenticateClient } from './authenticate-client.ts'

/**
 * Revokes all tokens of a token's chain. An unknown token is no error: it is already invalid.
 *
 * JWT access tokens that APIs verify themselves stay valid until they expire.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7009#section-2 | RFC 7009 §2}
 */
export async function revoke(context: ServerContext, received: Received): Promise<Response> {
  const client = await authenticateClient(context, received)
  const token = required(received.parameters, 'token')
  const grant = context.state.refreshTokens.get(token)?.grant ?? grantOfAccessToken(context, token)
  // §2.1: only the client that a token was issued to may revoke it.
  if (grant?.clientId === client.clientId) grant.revoked = true
  return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } })
}

function grantOfAccessToken(context: ServerContext, token: string): Grant | undefined {
  try {
    return context.state.grantsByTokenId.get(decodeJwt(token).jti ?? '')
  } catch {
    return undefined
  }
}
