import { optional, words } from '../../http/received.ts'
import type { GrantRequest, GrantServer } from '../server-facts.ts'
import { grantedScopes, narrowedDetails, requestedAudience } from './grant-targets.ts'

/**
 * A token of the client's own, with no user: `sub` is the client (RFC 9068 §2.2). No person agreed to anything, so it has
 * no authorization details.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 | RFC 6749 §4.4}
 */
export async function clientCredentials(
  server: GrantServer,
  { client, parameters, proof }: GrantRequest,
): Promise<object> {
  const audience = requestedAudience(server, parameters)
  const requested = words(optional(parameters, 'scope')).filter((scope) => scope !== 'offline_access')
  return server.issueAccessToken({
    clientId: client.clientId,
    subject: client.clientId,
    audience,
    scopes: grantedScopes(server, { client, subject: undefined, requested, audience }),
    authorizationDetails: narrowedDetails(parameters, undefined),
    thumbprint: proof?.thumbprint,
  })
}
