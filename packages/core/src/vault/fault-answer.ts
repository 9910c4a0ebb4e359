import { type AnyBehalfError, BehalfError, type OAuthResponseError } from '../base/errors/index.ts'
import type { ConnectProblem } from './account-linker.ts'
import type { VaultAnswer } from './vault.ts'

/** Answer to a fault of a connect flow: an outage can be retried, a wrong configuration cannot. */
export type FaultAnswer =
  | { readonly status: 'unavailable'; readonly detail: string; readonly retryAfter?: number }
  | { readonly status: 'misconfigured'; readonly detail: string }

/** The provider's own refusal, if it can refuse. */
type RefusedLink = { readonly status: 'refused'; readonly reason: ConnectProblem; readonly detail: string }

/**
 * Maps a fault of a connect flow to its answer.
 * @throws A fault of an unknown kind, such as an error that the store did not classify.
 */
export function faultAnswer(error: unknown): FaultAnswer {
  if (!BehalfError.isInstance(error)) throw error
  const fault = error as AnyBehalfError
  const detail = fault.message
  if (fault.code === 'ERR_STORE' && fault.reason === 'unclassified') throw error
  if (!fault.retryable) return { status: 'misconfigured', detail }
  const retryAfter = 'retryAfter' in fault ? fault.retryAfter : undefined
  return { status: 'unavailable', detail, ...(retryAfter !== undefined && { retryAfter }) }
}

/** Maps a fault when a code was redeemed: a wrong answer of the provider is a refusal. @throws as `faultAnswer` */
export function redeemAnswer(error: unknown): FaultAnswer | RefusedLink {
  if (BehalfError.isInstance(error)) {
    const { code, message: detail } = error as AnyBehalfError
    const isProviders = code === 'ERR_INVALID_RESPONSE' || code === 'ERR_INVALID_TOKEN'
    const isCode = code === 'ERR_OAUTH_RESPONSE' && (error as { error?: string }).error === 'invalid_grant'
    if (isProviders || isCode) return { status: 'refused', reason: 'provider', detail }
  }
  return faultAnswer(error)
}

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
