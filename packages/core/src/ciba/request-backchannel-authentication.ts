import { ConfigurationError, OAuthResponseError } from '../base/errors/index.ts'
import { defined } from '../base/values/index.ts'
import { signingKeyOf, signRequest } from '../oauth/client/sign-request.ts'
import type { CibaProfile, Profile } from '../oauth/profiles/profile.ts'
import type { ApprovalQuestion, ApprovalSent } from '../runs/channels/approval-channel.ts'
import { type CibaSettings, hintParameters, type PollContext } from './settings.ts'
import { type CibaState, newNotificationToken, storedState } from './wire.ts'

/** A backchannel authentication request, before it is signed or posted. */
export type BackchannelParameters = Readonly<Record<string, string>>

const hints = ['login_hint', 'login_hint_token', 'id_token_hint']
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/
/** Syntax of a bearer token (RFC 6750 §2.1). */
const bearer = /^[A-Za-z0-9\-._~+/]+=*$/
const MAX_NOTIFICATION_TOKEN = 1024

/**
 * Refuses a request that a server would have to refuse, before anything is sent. Pure.
 * @throws ConfigurationError Names the option behind the wrong parameter.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#auth_request | CIBA Core §7.1}
 */
function checkBackchannelParameters(parameters: BackchannelParameters): void {
  const given = hints.filter((name) => parameters[name] !== undefined)
  if (given.length !== 1 || parameters[given[0] ?? ''] === '') {
    throw new ConfigurationError('ciba.hint', `name the person by one hint, not by ${given.length}`)
  }
  const scopes = (parameters.scope ?? '').split(' ')
  if (!scopes.includes('openid') || !scopes.every((scope) => scopeToken.test(scope))) {
    throw new ConfigurationError('access.scopes', 'must be scope names without spaces, quotes or backslashes')
  }
  if (parameters.user_code === '') throw new ConfigurationError('ciba.userCode', 'must not be empty where it is given')
  checkNotificationToken(parameters.client_notification_token)
  checkTarget(parameters.resource)
  checkDetails(parameters.authorization_details)
}

function checkNotificationToken(token: string | undefined): void {
  if (token === undefined) return
  if (token.length > MAX_NOTIFICATION_TOKEN || !bearer.test(token)) {
    throw new ConfigurationError(
      'ciba.ping',
      `the notification token must be a bearer token of at most 1024 characters`,
    )
  }
}

/** Checks the `resource` parameter (RFC 8707 §2). */
function checkTarget(resource: string | undefined): void {
  if (resource === undefined) return
  if (!URL.canParse(resource) || resource.includes('#')) {
    throw new ConfigurationError('access.resource', 'must be an absolute URI without a fragment')
  }
}

/** Checks the `authorization_details` parameter (RFC 9396 §2). */
function checkDetails(details: string | undefined): void {
  if (details === undefined) return
  const list: unknown = JSON.parse(details)
  const typed = (detail: unknown) =>
    typeof detail === 'object' &&
    detail !== null &&
    'type' in detail &&
    typeof detail.type === 'string' &&
    detail.type !== ''
  if (!Array.isArray(list) || !list.every(typed)) {
    throw new ConfigurationError('approval.details', 'must be objects with a type')
  }
}

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
