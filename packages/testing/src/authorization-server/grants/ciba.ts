import { ConnectionLost } from '../../http/connection-lost.ts'
import { required } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { DpopProof } from '../dpop.ts'
import { narrowedDetails } from '../grant-targets.ts'
import { apiScopes, issueAccessToken, issueIdToken, issueRefreshToken } from '../issue-tokens.ts'
import type { MockClient } from '../options.ts'
import { requirePace } from '../pace.ts'
import type { ServerContext } from '../server-context.ts'
import type { BackchannelAnswer, BackchannelRequest, Grant } from '../state.ts'
import { actorClaim } from './token-exchange.ts'

/**
 * Handles one poll. The id is single use: after its tokens were issued, it is unknown.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#rfc.section.10.1 | CIBA Core §10.1}
 */
export async function pollBackchannelRequest(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
  proof?: DpopProof,
): Promise<object> {
  const request = context.state.backchannelRequests.get(required(parameters, 'auth_req_id'))
  if (request === undefined || request.clientId !== client.clientId || request.state === 'redeemed') {
    throw new Refusal('invalid_grant', 'unknown auth_req_id, one of another client, or one already redeemed')
  }
  requirePace(context, request)
  if (request.state === 'denied') throw new Refusal('access_denied', 'the person said no')
  // An answer that the client did not fetch in time is lost, as with most servers.
  if (request.expiresAt <= context.clock.now()) throw new Refusal(context.ciba.expiryError, 'the request ran out')
  if (request.state === 'pending' || request.answer === undefined) {
    throw new Refusal('authorization_pending', 'the person has not answered yet')
  }
  const authorizationDetails = narrowedDetails(parameters, request.answer.authorizationDetails)
  request.state = 'redeemed'
  const tokens = await issueForAnswer(context, client, request, { ...request.answer, authorizationDetails, proof })
  if (request.loseAnswer) throw new ConnectionLost()
  return tokens
}

interface Redeemed extends Pick<BackchannelAnswer, 'session' | 'scopes'> {
  readonly authorizationDetails: BackchannelAnswer['authorizationDetails'] | undefined
  readonly proof: DpopProof | undefined
}

async function issueForAnswer(
  context: ServerContext,
  client: MockClient,
  request: BackchannelRequest,
  { session, scopes, authorizationDetails, proof }: Redeemed,
): Promise<object> {
  // Only this token has the approval: a refresh does not approve it again.
  const grant: Grant = { clientId: client.clientId, session, scopes, audience: request.audience, revoked: false }
  const accessToken = await issueAccessToken(context, {
    clientId: client.clientId,
    subject: session.subject,
    audience: request.audience,
    scopes: apiScopes(scopes),
    authorizationDetails,
    session,
    grant,
    actor: client.actor && actorClaim(context, client),
    thumbprint: proof?.thumbprint,
  })
  const { access_token } = accessToken
  return {
    ...accessToken,
    scope: scopes.join(' '),
    id_token: await issueIdToken(context, { clientId: client.clientId, session, scopes, accessToken: access_token }),
    ...issueRefreshToken(context, grant),
  }
}
