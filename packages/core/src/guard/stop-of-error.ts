import { type AnyBehalfError, BehalfError } from '../errors/index.ts'
import type { Progress } from './progress.ts'
import { deny, loginRequired, type Stop } from './stop.ts'

/**
 * Maps what a step threw to how the call ends: an outage is `unavailable`, everything else fails closed.
 *
 * @throws The reason of the caller's own abort.
 */
export function stopOfError(error: unknown, progress: Progress): Stop {
  progress.invocation.signal?.throwIfAborted()
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return { status: 'unavailable', detail: 'the total deadline passed' }
  }
  if (!BehalfError.isInstance(error)) {
    // By name only: what somebody else wrote into a message may be a secret.
    return deny('misconfigured', `a rule or a port threw: ${nameOf(error)}`)
  }
  return stopOfFault(error as AnyBehalfError)
}

function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : typeof error
  return /^\w{1,64}$/.test(name) ? name : 'an error'
}

function stopOfFault(error: AnyBehalfError): Stop {
  if (error.retryable) {
    const retryAfter = 'retryAfter' in error ? error.retryAfter : undefined
    return { status: 'unavailable', detail: error.message, ...(retryAfter !== undefined && { retryAfter }) }
  }
  switch (error.code) {
    case 'ERR_INVALID_OBJECT':
      return deny('invalid_input', error.message)
    case 'ERR_OAUTH_RESPONSE':
      return stopOfOAuthError(error)
    case 'ERR_INVALID_TOKEN':
      return deny('misconfigured', `a token that was issued to us does not verify: ${error.message}`)
    default:
      return deny('misconfigured', error.message)
  }
}

/** RFC 6749 §5.2 and RFC 8693 §2.2.2: what the user can mend by signing in again, and what only the app can. */
function stopOfOAuthError(error: Extract<AnyBehalfError, { code: 'ERR_OAUTH_RESPONSE' }>): Stop {
  switch (error.error) {
    case 'invalid_grant':
    case 'login_required':
    case 'interaction_required':
      return loginRequired(error.message)
    case 'temporarily_unavailable':
    case 'server_error':
      return { status: 'unavailable', detail: error.message }
    default:
      return deny('misconfigured', error.message)
  }
}
