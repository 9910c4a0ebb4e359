import { optional, required, words } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { ServerContext } from '../server-context.ts'
import type { GrantRequest } from '../server-facts.ts'
import { issueForGrant } from './authorization-code.ts'
import { narrowedDetails } from './grant-targets.ts'

/**
 * Refreshes, and rotates the refresh token unless the client is configured otherwise. Reuse of a rotated token ends the
 * whole chain.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.14.2 | RFC 9700 §4.14.2}
 */
export async function refresh(context: ServerContext, { client, parameters, proof }: GrantRequest): Promise<object> {
  const value = required(parameters, 'refresh_token')
  const token = context.state.refreshTokens.get(value)
  if (token === undefined || token.grant.clientId !== client.clientId) {
    throw new Refusal('invalid_grant', 'unknown refresh token, or one of another client')
  }
  if (token.used) {
    token.grant.revoked = true
    throw new Refusal('invalid_grant', 'the refresh token was used before; its chain is revoked')
  }
  if (token.grant.revoked) throw new Refusal('invalid_grant', 'the refresh token is revoked')
  const { grant } = token
  // RFC 9449 §5: a public client's refresh token is bound to the key of its first request.
  if (grant.boundTo !== undefined && grant.boundTo !== proof?.thumbprint) {
    throw new Refusal('invalid_grant', 'the refresh token is bound to another key')
  }
  // RFC 6749 §6: no scope beyond the original; absent means all of it.
  const asked = optional(parameters, 'scope')
  const scopes = asked === undefined ? grant.scopes : words(asked)
  const beyond = scopes.find((scope) => !grant.scopes.includes(scope))
  if (beyond !== undefined) throw new Refusal('invalid_scope', `${beyond} was not granted`)
  const targets = [...parameters.getAll('resource'), ...parameters.getAll('audience')]
  const foreign = targets.find((target) => !grant.audience.includes(target))
  if (foreign !== undefined) throw new Refusal('invalid_target', `the grant is not for ${foreign}`)
  const authorizationDetails = narrowedDetails(parameters, grant.authorizationDetails)
  const issued = { scopes, authorizationDetails, proof }
  if (client.rotatesRefreshTokens === false) return issueForGrant(context, grant, { ...issued, refreshToken: {} })
  token.used = true
  return issueForGrant(context, grant, issued)
}
