import type { Trace } from './trace.ts'

/** Why a call was refused. Each has one fixed sentence that is safe to tell a model. */
export type DenyCode =
  | 'no_policy'
  | 'invalid_input'
  | 'identity_not_verified'
  | 'role_missing'
  | 'not_permitted'
  | 'approval_denied'
  | 'approval_expired'
  | 'approval_failed'
  | 'approval_not_sent'
  | 'approval_cancelled'
  | 'revoked'
  | 'delegation_exceeded'
  | 'unknown_outcome'
  | 'too_many_attempts'
  | 'misconfigured'

/** What a person has to do: log in, connect an account, answer a question, or log in again as an API demands (step-up). */
export type InterruptKind = 'login_required' | 'connection_required' | 'approval_pending' | 'step_up_required'

/**
 * What a person has to do before the call can go on.
 *
 * Safe for a browser, a checkpoint or a log: it holds no token, no `auth_req_id`, no device code and
 * no ticket. `id` is random and finds something only under the owner's (or approver's) own identity.
 */
export interface Interrupt {
  /** Version of this format. */
  readonly v: 1
  /** What a person has to do. */
  readonly kind: InterruptKind
  /** Id of this interrupt, made by the guard. Not secret. */
  readonly id: string
  /** Name of the tool that was called. */
  readonly tool: string
  /** For the user. */
  readonly message: string
  /** Poll before this time, or the answer may be lost. Epoch seconds. */
  readonly expiresAt?: number
  /** Seconds until the next poll may find an answer. */
  readonly interval?: number
  /** Connection to which an account must be linked. Absent with other kinds. */
  readonly connection?: string
  /** Scopes that are missing. Absent where none are named. */
  readonly scopes?: readonly string[]
  /** With `step_up_required`: the levels of login of which the API wants one, in order of preference (RFC 9470 §3). */
  readonly acrValues?: readonly string[]
  /**
   * How long ago the login may be, in seconds. With `step_up_required` as the API asks; with `login_required` it is 0
   * where access was revoked: the user has to authenticate again.
   */
  readonly maxAge?: number
  /** A page of the app, never a ticket. */
  readonly url?: string
  /**
   * In what a framework keeps of a paused call: the guard's proof that it made the interrupt for this very pause. Worth
   * nothing elsewhere, and no secret.
   */
  readonly proof?: string
}

/** Outcome of a call that the guard refused. */
export interface Denied {
  /** Always this value; it discriminates the union. */
  readonly status: 'denied'
  /** Reason of the refusal. */
  readonly code: DenyCode
  /** The fixed sentence of `code`; safe for the model. */
  readonly message: string
  /** With `unknown_outcome`: the key under which the API may know what happened. */
  readonly idempotencyKey?: string
  /**
   * Seconds: with `approval_denied`, until the person may be asked again; with `revoked`, until a new proof is told from
   * one of before the revocation.
   */
  readonly retryAfter?: number
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Outcome of a call that waits for a person. */
export interface Interrupted {
  /** Always this value; it discriminates the union. */
  readonly status: 'interrupted'
  /** What a person has to do before the call can go on. */
  readonly interrupt: Interrupt
  /**
   * Of a preflight: the policy says `wait`, so `run` waits for the answer within the call, this long. Seconds.
   * For frameworks that ask for a decision before the call, where to pause would be to wait twice.
   */
  readonly maxWaitSeconds?: number
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Neither allowed nor refused: something that was needed did not answer. Worth another try, but for `retryable: false`. */
export interface Unavailable {
  /** Always this value; it discriminates the union. */
  readonly status: 'unavailable'
  /** A store or another port failed with an error that it did not classify. It is unknown whether another try helps. */
  readonly retryable?: false
  /** Seconds. */
  readonly retryAfter?: number
  /** Safe for the model. */
  readonly message: string
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Outcome of a call whose body returned, now or in an earlier try under the same slot. */
export interface Completed<Result> {
  /** Always this value; it discriminates the union. */
  readonly status: 'done'
  /** Value that the body returned. */
  readonly result: Result
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** How a call ended. Expected endings are values; only an abort and the body's own error reject. */
export type Outcome<Result> = Completed<Result> | Denied | Interrupted | Unavailable

/** Everything that comes before the body holds. Nothing was consumed; `run` checks it all again. */
export interface PreflightPassed {
  /** Always this value; it discriminates the union. */
  readonly status: 'ready'
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Outcomes of a preflight: the call may run, or why it may not run now. */
export type PreflightOutcome = PreflightPassed | Denied | Interrupted | Unavailable
