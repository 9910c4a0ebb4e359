import { ConfigurationError } from '../base/errors/index.ts'
import { defined } from '../base/values/index.ts'
import type { CibaProfile, Profile } from '../oauth/profiles/profile.ts'
import type { ApprovalQuestion } from '../runs/channels/approval-channel.ts'
import { type BackchannelParameters, checkBackchannelParameters } from './check-backchannel-parameters.ts'
import { type CibaSettings, hintParameters } from './settings.ts'

/** Request parameters in plain form, and whether the answer must return the details. */
export interface BackchannelRequest {
  readonly parameters: BackchannelParameters
  readonly detailsSent: boolean
}

/**
 * The form parameters of a backchannel authentication request.
 *
 * @param now - Epoch seconds.
 * @throws ConfigurationError Something in it breaks a rule of CIBA or of the provider; nothing was sent.
 */
export async function backchannelParameters(
  question: ApprovalQuestion,
  profile: Profile,
  settings: CibaSettings,
  { notificationToken, now }: { readonly notificationToken: string | undefined; readonly now: number },
): Promise<BackchannelRequest> {
  const rules = profile.ciba
  if (rules === undefined) {
    throw new ConfigurationError('approvals', `${profile.provider} has no backchannel authentication`)
  }
  const problem = rules.checkBindingMessage(question.message)
  if (problem !== undefined) throw new ConfigurationError('approval.message', problem)
  const { credential, approver } = question
  const userCode = await settings.userCode?.(approver)
  const mayCarry = rules.carriesAuthorizationDetails && (credential !== undefined || rules.detailsNeedTarget !== true)
  const detailsSent = mayCarry && question.details.length > 0
  const parameters = {
    // CIBA Core §7.1: `openid` makes it an authentication request.
    scope: ['openid', ...(credential?.scopes ?? [])].join(' '),
    ...(settings.hint === undefined ? rules.hint(approver) : hintParameters(await settings.hint(approver))),
    binding_message: question.message,
    [rules.requestedExpiry.parameter]: String(requestedExpiry(question, rules, settings, now)),
    ...(settings.acrValues.length > 0 && { acr_values: settings.acrValues.join(' ') }),
    ...(settings.profile === 'fapi' && essentialAcr(settings)),
    ...defined({ user_code: userCode, client_notification_token: notificationToken }),
    ...(detailsSent && { authorization_details: JSON.stringify(question.details) }),
    ...(credential !== undefined && targetOf(profile, credential.resource)),
  }
  checkBackchannelParameters(parameters)
  return { parameters, detailsSent }
}

/**
 * Asks for the level as an essential claim. CIBA Core has no such parameter, and a server ignores one that it does not
 * know, so `acr_values` is sent too. OpenID Connect leaves open what both together mean: both name the same levels.
 */
const essentialAcr = ({ requiredAcr: values }: CibaSettings) =>
  values.length > 0 && { claims: JSON.stringify({ id_token: { acr: { essential: true, values } } }) }

function requestedExpiry(
  { expiresAt }: ApprovalQuestion,
  { requestedExpiry: { min, max } }: CibaProfile,
  { requestedExpirySeconds = Number.POSITIVE_INFINITY }: CibaSettings,
  now: number,
): number {
  const left = Math.floor(expiresAt - now)
  return Math.min(max, Math.max(min, Math.min(left, requestedExpirySeconds)))
}

/** Returns the parameter for the target. Returns no parameter if the scope names the target. */
function targetOf({ target }: Profile, resource: string): Readonly<Record<string, string>> {
  return target === 'resource' || target === 'audience' ? { [target]: resource } : {}
}
