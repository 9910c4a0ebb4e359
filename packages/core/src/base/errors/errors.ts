import { BehalfError, type ErrorOptions } from './behalf-error.ts'
import type { HadNoEffect } from './first-call.ts'

/** A fault with a `reason` that code can compare. */
abstract class ReasonedError<Reason extends string> extends BehalfError {
  /** Reason of the fault. The class explains each value. */
  readonly reason: Reason

  constructor(reason: Reason, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.reason = reason
  }
}

/** An option is missing or wrong. Thrown at construction, before any I/O; the message names the option and the fix. */
export class ConfigurationError extends BehalfError {
  override readonly name = 'ConfigurationError'
  readonly code = 'ERR_CONFIGURATION'
  /** The option, as a path: `keys.seal[0]`. */
  readonly option: string

  constructor(option: string, fix: string, options: ErrorOptions = {}) {
    super(`${option}: ${fix}`, options)
    this.option = option
  }
}

/** `currentIdentity()` or `currentCall()` was used outside a call. Run the code within `runAs` or a guarded tool. */
export class IdentityRequiredError extends BehalfError {
  override readonly name = 'IdentityRequiredError'
  readonly code = 'ERR_IDENTITY_REQUIRED'
}

/**
 * An id cannot be part of an OpenFGA name: it is empty, too long, or contains characters with a meaning there.
 *
 * Ids often come from a model, so the error concerns the input and not the set-up: the guard refuses the call. The
 * message never repeats the id.
 */
export class InvalidObjectError extends BehalfError {
  override readonly name = 'InvalidObjectError'
  readonly code = 'ERR_INVALID_OBJECT'
}

/**
 * An answer to a question was refused, and changed nothing. `unverified`: the channel did not verify it; `unknown`:
 * the channel did not ask this question; `wrong_approver`: another person was asked; `late`: the question has ended;
 * `not_open`: it was answered, cancelled or replaced before.
 */
export class ApprovalAnswerError extends ReasonedError<
  'unverified' | 'unknown' | 'wrong_approver' | 'late' | 'not_open'
> {
  override readonly name = 'ApprovalAnswerError'
  readonly code = 'ERR_APPROVAL_ANSWER'
}

/** Kind of misuse of a credential. */
export type CredentialMisuse = 'origin' | 'authorization_header' | 'call_ended' | 'other_identity'

/**
 * A body used a credential for another origin, over its own `Authorization`, after its call, or while the current
 * identity is another principal's. Nothing was sent.
 */
export class CredentialMisuseError extends ReasonedError<CredentialMisuse> {
  override readonly name = 'CredentialMisuseError'
  readonly code = 'ERR_CREDENTIAL_MISUSE'
}

/**
 * Reason why a delegation has no identity. `unknown`: no delegation has this id; `other_agent`: it was created for
 * another agent; `used_up`: its agreed uses are consumed, for now; `login_required`: the issuer has ended its login.
 */
export type DelegationRefusal = 'unknown' | 'other_agent' | 'revoked' | 'expired' | 'used_up' | 'login_required'

/** A job may not act: its delegation does not allow it, or no longer. Only the user can create another delegation. */
export class DelegationError extends ReasonedError<DelegationRefusal> {
  override readonly name = 'DelegationError'
  readonly code = 'ERR_DELEGATION'
}

/**
 * `moved`: the value belongs to another key. `wrong_key`: sealed under a key that is not listed.
 * `unclassified`: the store threw its own error. The operation may have been done.
 */
export type StoreErrorReason = 'unavailable' | 'corrupt' | 'moved' | 'unknown_version' | 'wrong_key' | 'unclassified'

/** The store did not answer (`unavailable`, try again), failed, or contains data that cannot be trusted. */
export class StoreError extends ReasonedError<StoreErrorReason> {
  override readonly name = 'StoreError'
  readonly code = 'ERR_STORE'
  /** Whether a retry may help: only if `reason` is `unavailable`. */
  override readonly retryable: boolean

  constructor(reason: StoreErrorReason, message: string, options: ErrorOptions = {}) {
    super(reason, message, options)
    this.retryable = reason === 'unavailable'
  }
}

/** Options of an {@link InvalidResponseError}. */
export interface InvalidResponseOptions extends ErrorOptions {
  /** See {@link InvalidResponseError.unreadable}. @default false */
  readonly unreadable?: boolean
  /** See {@link InvalidResponseError.status}. */
  readonly status?: number | undefined
}

/** A server broke its specification, or granted something that was not requested. The whole answer was discarded. */
export class InvalidResponseError extends BehalfError {
  override readonly name = 'InvalidResponseError'
  readonly code = 'ERR_INVALID_RESPONSE'
  /** The response is not in the protocol's format, such as a page of HTML: the server's decision is unknown. */
  readonly unreadable: boolean
  /** HTTP status of a refusal without an OAuth error. */
  readonly status?: number

  constructor(message: string, options: InvalidResponseOptions = {}) {
    super(message, options)
    this.unreadable = options.unreadable ?? false
    if (options.status !== undefined) this.status = options.status
  }
}

/** Options of a {@link TransportError}. */
export interface TransportErrorOptions extends ErrorOptions {
  /** Time to wait, in seconds, from `Retry-After`. */
  readonly retryAfter?: number
  /** HTTP status, if there was one. */
  readonly status?: number
}

/** Missing or unusable answer: network fault, time-out, 429 or 5xx. Safe to retry later. */
export class TransportError extends BehalfError {
  override readonly name = 'TransportError'
  readonly code = 'ERR_TRANSPORT'
  /** Always true: the same call may succeed later. */
  override readonly retryable = true
  /** Time until a retry is useful, in seconds. Absent if the server gave no valid number. */
  readonly retryAfter?: number
  /** HTTP status. Absent where no response arrived. */
  readonly status?: number

  constructor(message: string, options: TransportErrorOptions = {}) {
    super(message, options)
    // Custom channels and stores throw this too. A value that is not a number of seconds is ignored.
    const { retryAfter } = options
    if (retryAfter !== undefined && Number.isFinite(retryAfter) && retryAfter >= 0) this.retryAfter = retryAfter
    if (options.status !== undefined) this.status = options.status
  }
}

/** Demands of an API, from its challenge. */
export interface StepUp {
  /** Scopes that the API requires. Absent: it named none. */
  readonly scopes?: readonly string[]
  /** Accepted levels of login; one suffices. Absent: any level. */
  readonly acrValues?: readonly string[]
  /** Maximum age of the login, in seconds. */
  readonly maxAge?: number
}

/**
 * An API asked for more than the credential has: other scopes, or a stronger or newer login.
 * Let it pass through the body; the next preflight answers `step_up_required`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export class StepUpRequiredError extends BehalfError {
  override readonly name = 'StepUpRequiredError'
  readonly code = 'ERR_STEP_UP_REQUIRED'
  /** Demands of the API, which the next preflight reports. */
  readonly stepUp: StepUp
  /** Name of the credential in the policy whose API asked. Absent if a body created the error itself. */
  readonly credential?: string

  constructor(message: string, stepUp: StepUp, credential?: string) {
    super(message)
    this.stepUp = stepUp
    if (credential !== undefined) this.credential = credential
  }
}

/** Reason why a token does not verify. */
export type InvalidTokenReason =
  | 'malformed'
  | 'too_large'
  | 'algorithm'
  | 'type'
  | 'signature'
  /** The issuer has no key that fits. A key that it published a moment ago may be missing. */
  | 'unknown_key'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'subject'
  | 'claims'
  | 'actor'
  | 'binding'
  | 'inactive'

/** A token that does not verify. Get a new one; the same token will not pass later. */
export class InvalidTokenError extends ReasonedError<InvalidTokenReason> {
  override readonly name = 'InvalidTokenError'
  readonly code = 'ERR_INVALID_TOKEN'
}

/** The fields of an OAuth error answer. */
export interface OAuthErrorFields {
  /** `error`, as the server wrote it. */
  readonly error: string
  /** `error_description`, as the server wrote it. Untrusted; for operators only. */
  readonly errorDescription?: string
  /** HTTP status of the answer. */
  readonly status: number
  /** Time to wait, in seconds, from `Retry-After`. */
  readonly retryAfter?: number
  /** Accepted levels of login, with `insufficient_user_authentication`; one suffices (RFC 9470 §3). */
  readonly acrValues?: readonly string[]
  /** Maximum age of the login, in seconds, with `insufficient_user_authentication`. */
  readonly maxAge?: number
}

/** RFC 8707 §2: identifiers are compared as texts, so `https://api.example.com` is another API than the same with a slash. */
const TARGET_HINT = ': it knows no such API; compare it with what is registered there, which may end with a slash'

/**
 * Refusal by the authorization server, in the form that its specification defines.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-5.2 | RFC 6749 §5.2}
 */
export class OAuthResponseError extends BehalfError {
  override readonly name = 'OAuthResponseError'
  readonly code = 'ERR_OAUTH_RESPONSE'
  /** Value of `error`, as the server wrote it, such as `invalid_grant`. */
  readonly error: string
  /** The server's own words: show them to operators only. */
  readonly errorDescription?: string
  /** HTTP status of the answer. */
  readonly status: number
  /** Time to wait, in seconds, from `Retry-After`. Absent if the server sent none. */
  readonly retryAfter?: number
  /** Accepted levels of login, with `insufficient_user_authentication`; one suffices. */
  readonly acrValues?: readonly string[]
  /** Maximum age of the login, in seconds, with `insufficient_user_authentication`. */
  readonly maxAge?: number

  constructor(fields: OAuthErrorFields, options: ErrorOptions = {}) {
    // The server's text may be hostile: quoted, so that it cannot pose as ours.
    const description = fields.errorDescription === undefined ? '' : ` (${JSON.stringify(fields.errorDescription)})`
    const hint = fields.error === 'invalid_target' ? TARGET_HINT : ''
    super(`the authorization server answered ${JSON.stringify(fields.error)}${description}${hint}`, options)
    this.error = fields.error
    this.status = fields.status
    if (fields.errorDescription !== undefined) this.errorDescription = fields.errorDescription
    if (fields.retryAfter !== undefined) this.retryAfter = fields.retryAfter
    if (fields.acrValues !== undefined) this.acrValues = fields.acrValues
    if (fields.maxAge !== undefined) this.maxAge = fields.maxAge
  }
}

/** Every fault, discriminated by `code`. */
export type AnyBehalfError =
  | ApprovalAnswerError
  | ConfigurationError
  | CredentialMisuseError
  | DelegationError
  | HadNoEffect
  | IdentityRequiredError
  | InvalidObjectError
  | InvalidResponseError
  | InvalidTokenError
  | OAuthResponseError
  | StepUpRequiredError
  | StoreError
  | TransportError
