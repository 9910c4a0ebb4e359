import type { JWTPayload } from 'jose'
import { epochSeconds } from '../../clock.ts'
import { type Received, required } from '../../http/received.ts'
import { answer } from '../../http/refusal.ts'
import { requireConfidential, type ServerContext } from '../server-context.ts'
import { authenticateClient } from './authenticate-client.ts'

/**
 * Returns the state of a token. Knows opaque access tokens and refresh tokens. Does not report on a JWT, since APIs
 * verify JWTs themselves.
 * @see {@link https://www.rfc-editor.org/rfc/rfc7662#section-2.2 | RFC 7662 §2.2}
 */
export async function introspect(context: ServerContext, received: Received): Promise<Response> {
  // §2.1: only an authorized client may ask, or tokens could be guessed here.
  requireConfidential(await authenticateClient(context, received))
  const token = required(received.parameters, 'token')
  return answer(activeToken(context, token) ?? { active: false })
}

function activeToken(context: ServerContext, token: string): JWTPayload | undefined {
  const opaque = context.state.opaqueTokens.get(token)
  if (opaque !== undefined) {
    const isOver = opaque.grant?.revoked === true || (opaque.claims.exp ?? 0) <= epochSeconds(context.clock)
    const { [context.clientIdClaim]: client_id, ...claims } = opaque.claims
    return isOver ? undefined : { active: true, ...claims, client_id, token_type: opaque.tokenType }
  }
  const refreshToken = context.state.refreshTokens.get(token)
  if (refreshToken === undefined || refreshToken.used || refreshToken.grant.revoked) return undefined
  const { clientId, session, scopes } = refreshToken.grant
  return { active: true, iss: context.issuer, sub: session.subject, client_id: clientId, scope: scopes.join(' ') }
}
