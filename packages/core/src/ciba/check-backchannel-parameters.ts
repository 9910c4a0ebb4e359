import { ConfigurationError } from '../base/errors/index.ts'

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
export function checkBackchannelParameters(parameters: BackchannelParameters): void {
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
