import { type AnyBehalfError, BehalfError, type StoreError } from '../errors/index.ts'
import { RuleThrew } from './answer-of.ts'
import { describeError } from './describe-error.ts'
import type { Progress } from './progress.ts'
import { deny, loginRequired, type Stop } from './stop.ts'

/**
 * Maps what a step threw to how the call ends.
 *
 * An outage is `unavailable`. An error that a store or another port did not classify is `unavailable` without a promise
 * that another try helps. Everything else is a refusal.
 *
 * @throws The reason of the caller's own abort.
 */
export function stopOfError(error: unknown, progress: Progress): Stop {
  progress.invocation.signal?.throwIfAborted()
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return { status: 'unavailable', detail: 'the total deadline passed' }
  }
  return BehalfError.isInstance(error) ? stopOfFault(error as AnyBehalfError, progress) : stopOfForeign(error, progress)
}

/**
 * Reports an error that is not ours to the operator.
 *
 * A rule belongs to whoever reads the trace, so its message and stack stand there. Those of a port reach the app's own
 * `onFault` alone: a driver writes addresses and passwords into them, and traces are kept in audits.
 */
function stopOfForeign(error: unknown, progress: Progress): Stop {
  const rule = ruleOf(error, progress)
  const { name, message, stack } = describeError(error instanceof RuleThrew ? error.thrown : error, progress)
  const text = { message: `${name}: ${message}`, ...(stack !== undefined && { stack }) }
  if (rule === undefined) {
    progress.fault({ kind: 'port_threw', ...text })
    return { status: 'unavailable', detail: `a port threw: ${name}`, retryable: false }
  }
  progress.fault({ kind: 'rule_threw', rule, ...text })
  return { ...deny('misconfigured', `the rule ${rule} threw ${text.message}`), ...(stack !== undefined && { stack }) }
}

/** Only the policy's schema is asked at the step `input`. */
function ruleOf(error: unknown, { at }: Progress): string | undefined {
  if (error instanceof RuleThrew) return error.rule
  return at === 'input' ? 'schema' : undefined
}

function stopOfFault(error: AnyBehalfError, progress: Progress): Stop {
  if (error.retryable) {
    const retryAfter = 'retryAfter' in error ? error.retryAfter : undefined
    return { status: 'unavailable', detail: error.message, ...(retryAfter !== undefined && { retryAfter }) }
  }
  switch (error.code) {
    case 'ERR_INVALID_OBJECT':
      return deny('invalid_input', error.message)
    case 'ERR_OAUTH_RESPONSE':
      return stopOfOAuthError(error)
    case 'ERR_STORE':
      return error.reason === 'unclassified' ? failedStore(error, progress) : deny('misconfigured', error.message)
    case 'ERR_INVALID_TOKEN':
      return deny('misconfigured', `a token that was issued to us does not verify: ${error.message}`)
    default:
      return deny('misconfigured', error.message)
  }
}

/** What the store's own error says reaches the app's `onFault` alone. */
function failedStore(error: StoreError, progress: Progress): Stop {
  const { name, message, stack } = describeError(error.cause, progress)
  progress.fault({ kind: 'store_failed', message: `${name}: ${message}`, ...(stack !== undefined && { stack }) })
  return { status: 'unavailable', detail: error.message, retryable: false }
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
