import { redactTokens, type Token } from '../credential/index.ts'
import { type AnyBehalfError, BehalfError, type StoreError } from '../errors/index.ts'
import { RuleThrew } from './answer-of.ts'
import type { IncomingCall } from './call.ts'
import type { CallReport } from './call-report.ts'
import { deny, loginRequired, type Refusal } from './refusal.ts'

/**
 * Maps what a step threw to how the call ends.
 *
 * An outage is `unavailable`. An error that a store or another port did not classify is `unavailable` without a promise
 * that another try helps. Everything else is a refusal.
 *
 * @throws The reason of the caller's own abort.
 */
export function refusalOfError(
  error: unknown,
  { invocation, report }: Pick<IncomingCall, 'invocation' | 'report'>,
): Refusal {
  invocation.signal?.throwIfAborted()
  if (error instanceof DOMException && error.name === 'TimeoutError') {
    return { status: 'unavailable', detail: 'the total deadline passed' }
  }
  return BehalfError.isInstance(error) ? ofOwnError(error as AnyBehalfError, report) : ofForeignError(error, report)
}

/**
 * Reports an error that is not ours to the operator.
 *
 * A rule belongs to whoever reads the trace, so its message and stack stand there. Those of a port reach the app's own
 * `onFault` alone: a driver writes addresses and passwords into them, and traces are kept in audits.
 */
function ofForeignError(error: unknown, report: CallReport): Refusal {
  const rule = ruleOf(error, report)
  const { name, message, stack } = describeError(error instanceof RuleThrew ? error.thrown : error, report.secrets())
  const text = { message: `${name}: ${message}`, ...(stack !== undefined && { stack }) }
  if (rule === undefined) {
    report.fault({ kind: 'port_threw', ...text })
    return { status: 'unavailable', detail: `a port threw: ${name}`, retryable: false }
  }
  report.fault({ kind: 'rule_threw', rule, ...text })
  return { ...deny('misconfigured', `the rule ${rule} threw ${text.message}`), ...(stack !== undefined && { stack }) }
}

/** Only the policy's schema is asked at the step `input`. */
function ruleOf(error: unknown, { at }: CallReport): string | undefined {
  if (error instanceof RuleThrew) return error.rule
  return at === 'input' ? 'schema' : undefined
}

function ofOwnError(error: AnyBehalfError, report: CallReport): Refusal {
  if (error.retryable) {
    const retryAfter = 'retryAfter' in error ? error.retryAfter : undefined
    return { status: 'unavailable', detail: error.message, ...(retryAfter !== undefined && { retryAfter }) }
  }
  switch (error.code) {
    case 'ERR_INVALID_OBJECT':
      return deny('invalid_input', error.message)
    case 'ERR_OAUTH_RESPONSE':
      return ofOAuthError(error)
    case 'ERR_STORE':
      return error.reason === 'unclassified' ? failedStore(error, report) : deny('misconfigured', error.message)
    case 'ERR_INVALID_TOKEN':
      return deny('misconfigured', `a token that was issued to us does not verify: ${error.message}`)
    default:
      return deny('misconfigured', error.message)
  }
}

/** What the store's own error says reaches the app's `onFault` alone. */
function failedStore(error: StoreError, report: CallReport): Refusal {
  const { name, message, stack } = describeError(error.cause, report.secrets())
  report.fault({ kind: 'store_failed', message: `${name}: ${message}`, ...(stack !== undefined && { stack }) })
  return { status: 'unavailable', detail: error.message, retryable: false }
}

/** RFC 6749 §5.2 and RFC 8693 §2.2.2: what the user can mend by signing in again, and what only the app can. */
function ofOAuthError(error: Extract<AnyBehalfError, { code: 'ERR_OAUTH_RESPONSE' }>): Refusal {
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

const MAX_MESSAGE = 2_000
const MAX_STACK = 8_000
/** Tokens are looked for in so many characters; a longer text is not shown at all (E6). */
const MAX_READ = 65_536

/** A JWT, and the user and password of a URL: messages of other libraries are known to quote them. */
const secretShapes = /eyJ[\w-]{8,}(?:\.[\w-]*)+|(?<=:\/\/)[^\s/@]+(?=@)/g

/** An error of the app or of a library, as the operator may read it. */
export interface ErrorText {
  /** The name of its class. */
  readonly name: string
  readonly message: string
  readonly stack?: string
}

/** Reads name, message and stack of a thrown value, without these tokens. Never throws. */
function describeError(error: unknown, tokens: readonly Token[]): ErrorText {
  const message = withoutSecrets(textOf(error, 'message'), MAX_MESSAGE, tokens)
  const stack = withoutSecrets(textOf(error, 'stack'), MAX_STACK, tokens)
  return { name: nameOf(error), message, ...(stack !== '' && { stack }) }
}

function withoutSecrets(text: string, most: number, tokens: readonly Token[]): string {
  if (text.length > MAX_READ) return `(longer than ${MAX_READ} characters)`
  return redactTokens(text, tokens).replaceAll(secretShapes, '[hidden]').slice(0, most)
}

/** Another library's error may have a getter that throws. */
function textOf(error: unknown, key: 'message' | 'stack'): string {
  try {
    if (typeof error === 'string') return key === 'message' ? error : ''
    const text: unknown = error instanceof Error ? error[key] : undefined
    return typeof text === 'string' ? text : ''
  } catch {
    return ''
  }
}

function nameOf(error: unknown): string {
  const name = error instanceof Error ? error.constructor.name : typeof error
  return /^\w{1,64}$/.test(name) ? name : 'an error'
}
