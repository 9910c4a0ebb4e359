import { required } from '../../http/received.ts'
import { ConnectionLost } from '../../http/refusal.ts'
import type { ServerContext } from '../server-context.ts'
import type { GrantRequest } from '../server-facts.ts'
import type { BackchannelAnswer, Grant } from '../state.ts'
import { actorClaim } from '../tokens/claims.ts'
import { issueForGrant } from './authorization-code.ts'
import { apiScopes, narrowedDetails } from './grant-targets.ts'
import { pollAnswer } from './poll.ts'

/**
 * Handles one poll. The id is single use: after its tokens were issued, it is unknown.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#rfc.section.10.1 | CIBA Core §10.1}
 */
export async function pollBackchannelRequest(
  context: ServerContext,
  { client, parameters, proof }: GrantRequest,
): Promise<object> {
  const request = context.state.backchannelRequests.get(required(parameters, 'auth_req_id'))
  pollAnswer(context, client, 'auth_req_id', request)
  const { session, scopes, ...answer } = request.answer as BackchannelAnswer
  const authorizationDetails = narrowedDetails(parameters, answer.authorizationDetails)
  request.state = 'redeemed'
  // Only this token has the approval: a refresh does not approve it again.
  const grant: Grant = { clientId: client.clientId, session, scopes, audience: request.audience, revoked: false }
  const tokens = await issueForGrant(context, grant, {
    scopes: apiScopes(scopes),
    idTokenScopes: scopes,
    authorizationDetails,
    proof,
    actor: client.actor && actorClaim(context, client),
  })
  if (request.loseAnswer) throw new ConnectionLost()
  return { ...tokens, scope: scopes.join(' ') }
}
