import type { Fault } from '../../base/contract/index.ts'
import { type AnyBehalfError, BehalfError, type StoreError } from '../../base/errors/index.ts'
import { isTimeout } from '../../base/process/async.ts'
import { defined } from '../../base/values/index.ts'
import { orNothing } from '../../base/values/plain-json.ts'
import { redactTokens, type Token } from '../../credential/index.ts'
import type { IncomingCall } from '../call/call.ts'
import type { CallReport } from '../call/call-report.ts'
import { RuleThrew } from '../call/call-rule.ts'
import { deny, loginRequired, type Refusal } from '../call/refusal.ts'

/**
 * Maps the error of a step to the end of the call.
 *
 * An outage is `unavailable`. An unclassified error of a store or another port is `unavailable` without a promise
 * that another try helps. Everything else is a refusal.
 *
 * @throws The reason of the caller's own abort.
 */
export function refusalOfError(
  error: unknown,
  { invocation, report }: Pick<IncomingCall, 'invocation' | 'report'>,
): Refusal {
  invocation.signal?.throwIfAborted()
  if (isTimeout(error)) return { status: 'unavailable', detail: 'the total deadline passed' }
  return BehalfError.isInstance(error) ? ofOwnError(error as AnyBehalfError, report) : ofForeignError(error, report)
}

/**
 * Reports an error of the app or of a port to the operator.
 *
 * The app wrote the rule, so its message and stack are in the trace. Those of a port reach only the app's own `onFault`:
 * a driver writes addresses and passwords into them, and audits store traces.
 */
function ofForeignError(error: unknown, report: CallReport): Refusal {
  const rule = ruleOf(error, report)
  const { name, text } = describeError(error instanceof RuleThrew ? error.thrown : error, report.secrets())
  if (rule === undefined) {
    report.fault({ kind: 'port_threw', ...text })
    return { status: 'unavailable', detail: `a port threw: ${name}`, retryable: false }
  }
  report.fault({ kind: 'rule_threw', rule, ...text })
  return { ...deny('misconfigured', `the rule ${rule} threw ${text.message}`), ...defined({ stack: text.stack }) }
}

/** Returns the rule that threw. At the step `input`, only the policy's schema runs. */
function ruleOf(error: unknown, { at }: CallReport): string | undefined {
  if (error instanceof RuleThrew) return error.rule
  return at === 'input' ? 'schema' : undefined
}

function ofOwnError(error: AnyBehalfError, report: CallReport): Refusal {
  if (error.retryable) {
    const retryAfter = 'retryAfter' in error ? error.retryAfter : undefined
    return defined({ status: 'unavailable' as const, detail: error.message, retryAfter })
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

/** Returns the refusal for a failed store. The text of its error goes only to the app's `onFault`. */
function failedStore(error: StoreError, report: CallReport): Refusal {
  report.fault({ kind: 'store_failed', ...describeError(error.cause, report.secrets()).text })
  return { status: 'unavailable', detail: error.message, retryable: false }
}

/**
 * Returns the refusal for an OAuth error (RFC 6749 §5.2, RFC 8693 §2.2.2): a new login fixes some errors, and only the
 * app can fix others.
 */
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
/** Maximum length of a text that is searched for tokens, in characters. A longer text is not shown (E6). */
const MAX_READ = 65_536

/**
 * The user and password of a URL, and a JWT: messages of other libraries are known to quote them. What only begins like
 * a JWT is found too, and stays, so that no part of the text is read twice.
 */
const secretShapes = /(?<=:\/\/)[^\s/@]+(?=@)|eyJ[\w-]{8,}\.[\w.-]*|(eyJ[\w-]*)/g

/** An error of the app or of a library, as the operator may read it. */
interface DescribedError {
  /** The name of its class. */
  readonly name: string
  readonly text: Pick<Fault, 'message' | 'stack'>
}

/** Reads name, message and stack of a thrown value, without these tokens. Never throws. */
function describeError(error: unknown, tokens: readonly Token[]): DescribedError {
  const message = read(() => (error instanceof Error ? error.message : error))
  const stack = read(() => error instanceof Error && error.stack)
  const found = read(() => (error instanceof Error ? error.constructor.name : typeof error))
  const name = /^\w{1,64}$/.test(found) ? found : 'an error'
  return {
    name,
    text: {
      message: `${name}: ${withoutTokens(message, MAX_MESSAGE, tokens)}`,
      ...(stack !== '' && { stack: withoutTokens(stack, MAX_STACK, tokens) }),
    },
  }
}

function withoutTokens(text: string, most: number, tokens: readonly Token[]): string {
  if (text.length > MAX_READ) return `(longer than ${MAX_READ} characters)`
  return redactTokens(text, tokens)
    .replaceAll(secretShapes, (_, plain) => plain ?? '[hidden]')
    .slice(0, most)
}

/** Returns a text of an error, or an empty one: another library's error may have a getter that throws. */
function read(text: () => unknown): string {
  const found = orNothing(text)
  return typeof found === 'string' ? found : ''
}
