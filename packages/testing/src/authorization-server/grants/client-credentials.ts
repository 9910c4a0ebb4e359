import { optional, words } from '../../http/received.ts'
import type { DpopProof } from '../dpop.ts'
import { grantedScopes, narrowedDetails, requestedAudience } from '../grant-targets.ts'
import { issueAccessToken } from '../issue-tokens.ts'
import type { MockClient } from '../options.ts'
import { requireConfidential, type ServerContext } from '../server-context.ts'

/**
 * A token of the client's own, with no user: `sub` is the client (RFC 9068 §2.2). No person agreed to anything, so it has
 * no authorization details.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-4.4 | RFC 6749 §4.4}
 */
export async function clientCredentials(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
  proof?: DpopProof,
): Promise<object> {
  requireConfidential(client)
  const audience = requestedAudience(context, parameters)
  const requested = words(optional(parameters, 'scope')).filter((scope) => scope !== 'offline_access')
  return issueAccessToken(context, {
    clientId: client.clientId,
    subject: client.clientId,
    audience,
    scopes: grantedScopes(context, { client, subject: undefined, requested, audience }),
    authorizationDetails: narrowedDetails(parameters, undefined),
    thumbprint: proof?.thumbprint,
  })
}
