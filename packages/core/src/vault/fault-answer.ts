import { type AnyBehalfError, BehalfError } from '../base/errors/index.ts'
import type { ConnectRefusal } from './account-linker.ts'

/** Answer to a fault of a connect flow: an outage can be retried, a wrong configuration cannot. */
export type FaultAnswer =
  | { readonly status: 'unavailable'; readonly detail: string; readonly retryAfter?: number }
  | { readonly status: 'misconfigured'; readonly detail: string }

/** The provider's own refusal, if it can refuse. */
type Refusal = { readonly status: 'refused'; readonly reason: ConnectRefusal; readonly detail: string }

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
export function redeemAnswer(error: unknown): FaultAnswer | Refusal {
  if (BehalfError.isInstance(error)) {
    const { code, message: detail } = error as AnyBehalfError
    const isProviders = code === 'ERR_INVALID_RESPONSE' || code === 'ERR_INVALID_TOKEN'
    const isCode = code === 'ERR_OAUTH_RESPONSE' && (error as { error?: string }).error === 'invalid_grant'
    if (isProviders || isCode) return { status: 'refused', reason: 'provider', detail }
  }
  return faultAnswer(error)
}
