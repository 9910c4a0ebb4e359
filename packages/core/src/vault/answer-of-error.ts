import type { OAuthResponseError } from '../base/errors/index.ts'
import type { VaultAnswer } from './vault.ts'

type Reason = Exclude<VaultAnswer['status'], 'token' | 'needs_scopes' | 'choose_account'>

/** Errors of the vault grant, by their code: their status is 401 or 403 for all of them. */
const reasons: ReadonlyMap<string, Reason> = new Map([
  // No account is linked, none matches `login_hint`, or it was linked without offline access.
  ['federated_connection_refresh_token_not_found', 'not_connected'],
  ['tokenset_not_found', 'not_connected'],
  // The provider refused the refresh token: it was revoked, or it expired.
  ['federated_connection_refresh_token_flow_failed', 'must_reconnect'],
  // The subject token, not the connection.
  ['invalid_grant', 'login_required'],
  ['invalid_token', 'login_required'],
  ['login_required', 'login_required'],
  ['interaction_required', 'login_required'],
  ['mfa_required', 'login_required'],
  ['temporarily_unavailable', 'unavailable'],
  ['server_error', 'unavailable'],
])

/**
 * Maps a refusal of the vault grant to an answer. Pure.
 *
 * An unknown error is `misconfigured`, never a prompt to connect again: a user could follow that prompt forever.
 */
export function answerOfError(error: OAuthResponseError): VaultAnswer {
  const detail = error.message
  const status = reasons.get(error.error) ?? 'misconfigured'
  if (status !== 'unavailable') return { status, detail }
  return { status, detail, ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }) }
}
