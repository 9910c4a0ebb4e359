import { ConfigurationError, OAuthResponseError } from '../base/errors/index.ts'
import { signingKeyOf, signRequest } from '../oauth/client/sign-request.ts'
import type { ApprovalQuestion, ApprovalSent } from '../runs/channels/approval-channel.ts'
import { backchannelParameters } from './backchannel-parameters.ts'
import type { BackchannelParameters } from './check-backchannel-parameters.ts'
import { newNotificationToken } from './notification-token.ts'
import type { PollContext } from './settings.ts'
import { type CibaState, storedState } from './wire.ts'

/**
 * Asks the authorization server to ask the person. Does not wait for the answer; does not retry.
 *
 * @throws OAuthResponseError The server will not ask: `unknown_user_id`, …
 * @throws TransportError Nothing is known; the person may have been asked.
 * @throws ConfigurationError The request breaks a rule of CIBA or of the provider, or the server refuses the message;
 *   the person was not asked.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#auth_request | CIBA Core §7.1}
 */
export async function requestBackchannelAuthentication(
  question: ApprovalQuestion,
  { server, settings, clock, signal }: PollContext,
): Promise<ApprovalSent> {
  const { profile } = server
  // I8: the answer's token is stored until it is used, perhaps by another process.
  if (question.credential !== undefined && profile.dpop !== undefined && !profile.dpop.importable) {
    throw new ConfigurationError('dpop', 'an approval outlives this process: give a key of your own (importDpopKey)')
  }
  const notification = settings.ping ? await newNotificationToken(question.approvalId) : undefined
  const sentAt = clock.now() / 1000
  const { parameters, detailsSent } = await backchannelParameters(question, profile, settings, {
    notificationToken: notification?.token,
    now: sentAt,
  })
  const key = settings.signRequest && signingKeyOf('ciba.signRequest', settings.signRequest, profile)
  const request = key === undefined ? parameters : await signRequest(parameters, key, profile, sentAt)
  const acknowledged = await server.requestBackchannelAuthentication(request, { signal }).catch((error: unknown) => {
    if (!(error instanceof OAuthResponseError)) throw error
    if (error.error === 'invalid_request' && error.errorDescription === undefined) {
      throw new ConfigurationError('approvals', `${error.message} without a reason. ${sentParameters(parameters)}`)
    }
    if (error.error === 'invalid_authorization_details') throw new ConfigurationError('approval.details', error.message)
    if (error.error !== 'invalid_binding_message') throw error
    throw new ConfigurationError('approval.message', `${error.message}: shorten it, or use fewer special characters`)
  })
  const state: CibaState = {
    authReqId: acknowledged.authReqId,
    // Counted by our clock from the time of sending, so it is never later than the server's expiry.
    expiresAt: sentAt + acknowledged.expiresIn,
    interval: acknowledged.interval,
    detailsSent,
    sentAt,
    respondedAt: clock.now() / 1000,
    ...(settings.requiredAcr.length > 0 && { acrValues: settings.requiredAcr }),
    ...(notification !== undefined && { notification: notification.digest }),
  }
  return { state: storedState(state), interval: state.interval, expiresAt: state.expiresAt }
}

/** Returns the names of the parameters that were sent. Their values may be secrets. */
function sentParameters(parameters: BackchannelParameters): string {
  const shown = (name: string) => (/^request(?:ed)?_expiry$/.test(name) ? `${name} ${parameters[name]}` : name)
  return `Sent were ${Object.keys(parameters).map(shown).join(', ')}: compare each with what the server takes`
}
