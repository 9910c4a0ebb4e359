import type { StepName, Trace } from './trace.ts'

/**
 * A fault that the guard handled: the model sees a fixed sentence, and the call ends as the trace says. The kind
 * `effect_not_named` changes no call.
 *
 * `rule_threw`: a function of the policy threw. `port_threw`: a port of the app (a checker, a channel, a vault, a
 * clock) threw an error that is no `BehalfError`. `result_not_stored`: a write ran, and its result cannot be repeated.
 * `store_failed`: the store threw an error that it did not classify. `unseen_request`: a write that threw, and would have
 * been tried again, sent a request by another way than its credentials. `effect_not_named`: a tool sent a request other
 * than GET, HEAD or OPTIONS with its credential, and its policy names no effect, so that each call is a read that runs
 * again. Reported once for each tool of a guard.
 */
export interface Fault {
  /** Kind of failure. */
  readonly kind:
    | 'rule_threw'
    | 'port_threw'
    | 'result_not_stored'
    | 'store_failed'
    | 'unseen_request'
    | 'effect_not_named'
  /** Name of the tool that was called. */
  readonly tool: string
  /** The step of the guard at which it happened. */
  readonly step: StepName
  /** Path of the rule in the policy, such as `approval.message`, with `rule_threw`. */
  readonly rule?: string
  /** Message of the error, without tokens. At most 2,000 characters. */
  readonly message: string
  /** Stack of the error, if it has one. Without tokens. At most 8,000 characters. */
  readonly stack?: string
  /** Id of the call in its audit events. Absent without an audit. */
  readonly callId?: string
}

/** Reason why a call was refused. Each has one fixed sentence that is safe to show to a model. */
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

/**
 * Kind of action that a person must take: log in, connect an account, answer a question, or log in again as an API
 * demands (step-up).
 */
export type InterruptKind = 'login_required' | 'connection_required' | 'approval_pending' | 'step_up_required'

/**
 * The action that a person must take before the call can continue.
 *
 * Safe for a browser, a checkpoint or a log: it contains no token, no `auth_req_id`, no device code and no ticket. `id`
 * is random, and finds a record only under the identity of the owner or approver.
 */
export interface Interrupt {
  /** Version of this format. */
  readonly v: 1
  /** Kind of action that a person must take. */
  readonly kind: InterruptKind
  /** Id of this interrupt, made by the guard. Not secret. */
  readonly id: string
  /** Name of the tool that was called. */
  readonly tool: string
  /** Text for the user of the agent. For an approval, it is the question that the approver was asked. */
  readonly message: string
  /** Poll before this time, or the answer may be lost. Epoch seconds. */
  readonly expiresAt?: number
  /** Time until the next poll may find an answer, in seconds. */
  readonly interval?: number
  /** Connection to which an account must be linked. Absent with other kinds. */
  readonly connection?: string
  /** Scopes that are missing. Absent where none are named. */
  readonly scopes?: readonly string[]
  /**
   * Levels of login of which the API accepts any one, in order of preference, with `step_up_required` (RFC 9470 §3).
   */
  readonly acrValues?: readonly string[]
  /**
   * Maximum age of the login, in seconds. With `step_up_required`, the value from the API. With `login_required`, 0 if
   * access was revoked: the user must authenticate again.
   */
  readonly maxAge?: number
  /** A page of the app, never a ticket. */
  readonly url?: string
  /**
   * Proof that the guard made the interrupt for this exact pause of a framework. It is useless elsewhere, and it is no
   * secret.
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
  /** Key under which the API may know the outcome, with `unknown_outcome`. */
  readonly idempotencyKey?: string
  /**
   * Time to wait, in seconds. With `approval_denied`: until the person may be asked again. With `revoked`: until a new
   * proof can be distinguished from one made before the revocation.
   */
  readonly retryAfter?: number
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Outcome of a call that waits for a person. */
export interface Interrupted {
  /** Always this value; it discriminates the union. */
  readonly status: 'interrupted'
  /** The action that a person must take before the call can continue. */
  readonly interrupt: Interrupt
  /**
   * Maximum wait of `run` for the answer within the call, in seconds. Set by a preflight if the policy has `wait`. For
   * frameworks that ask for a decision before the call: if they paused, the wait would happen twice.
   */
  readonly maxWaitSeconds?: number
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/**
 * A service that the call needs did not answer, so the call is neither allowed nor refused. Try again, except with
 * `retryable: false`.
 */
export interface Unavailable {
  /** Always this value; it discriminates the union. */
  readonly status: 'unavailable'
  /** A store or another port failed with an error that it did not classify. It is unknown whether another try helps. */
  readonly retryable?: false
  /** Time to wait before a retry, in seconds. */
  readonly retryAfter?: number
  /** Safe for the model. */
  readonly message: string
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Outcome of a call whose body returned, now or in an earlier call. */
export interface Completed<Result> {
  /** Always this value; it discriminates the union. */
  readonly status: 'done'
  /** Value that the body returned. */
  readonly result: Result
  /** Set if the body did not run for this call: the result is that of an earlier call of the slot, or of an equal call. */
  readonly replayed?: true
  /** Time at which the body of a replayed result started, in epoch seconds. */
  readonly ranAt?: number
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Outcome of a call. Expected outcomes are values; only an abort and the body's own error reject. */
export type Outcome<Result> = Completed<Result> | Denied | Interrupted | Unavailable

/** All checks before the body passed. Nothing was consumed; `run` checks everything again. */
export interface PreflightPassed {
  /** Always this value; it discriminates the union. */
  readonly status: 'ready'
  /** Set if the same or an equal call is under way. `run` waits for it first. */
  readonly underWay?: true
  /** Steps of the guard and their verdicts. For the operator, not for the model. */
  readonly trace: Trace
}

/** Outcomes of a preflight: the call may run, or why it may not run now. */
export type PreflightOutcome = PreflightPassed | Denied | Interrupted | Unavailable
