import type { ApprovalQuestion, Asked } from '../approvals/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import type { PollContext } from './poll-context.ts'
import type { CibaState } from './wire.ts'

export interface BackchannelRequestContext extends PollContext {
  readonly acrValues: readonly string[]
}

/**
 * Asks the authorization server to ask the person. Does not wait for the answer; does not retry.
 *
 * @throws OAuthResponseError The server will not ask: `unknown_user_id`, `invalid_binding_message`, …
 * @throws TransportError Nothing is known; the person may have been asked.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#auth_request | CIBA Core §7.1}
 */
export async function requestBackchannelAuthentication(
  question: ApprovalQuestion,
  { server, acrValues, clock, signal }: BackchannelRequestContext,
): Promise<Asked> {
  const { profile } = server
  const rules = profile.ciba
  if (rules === undefined)
    throw new ConfigurationError('approvals', `${profile.provider} has no backchannel authentication`)
  const problem = rules.checkBindingMessage(question.message)
  if (problem !== undefined) throw new ConfigurationError('approval.message', problem)

  const { credential } = question
  const detailsSent = rules.carriesAuthorizationDetails && question.details.length > 0
  const { parameter, min, max } = rules.requestedExpiry
  const left = Math.floor(question.expiresAt - clock.now() / 1000)
  const sentAt = clock.now() / 1000
  const acknowledged = await server.requestBackchannelAuthentication(
    {
      // CIBA Core §7.1: `openid` is what makes it an authentication request.
      scope: ['openid', ...(credential?.scopes ?? [])].join(' '),
      ...rules.hint(question.approver),
      binding_message: question.message,
      [parameter]: String(Math.min(max, Math.max(min, left))),
      ...(acrValues.length > 0 && { acr_values: acrValues.join(' ') }),
      ...(detailsSent && { authorization_details: JSON.stringify(question.details) }),
      ...(credential !== undefined && { [profile.target]: credential.resource }),
    },
    { signal },
  )
  const state: CibaState = {
    authReqId: acknowledged.authReqId,
    // By our clock, and never longer than the server said.
    expiresAt: sentAt + acknowledged.expiresIn,
    interval: acknowledged.interval,
    detailsSent,
  }
  return { state: { ...state }, interval: state.interval, expiresAt: state.expiresAt }
}
