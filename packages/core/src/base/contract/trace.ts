/** The guard's steps, in order. */
export type StepName =
  | 'policy'
  | 'input'
  | 'identity'
  | 'roles'
  | 'permission'
  | 'connection'
  | 'approval'
  | 'access'
  | 'again'
  | 'claim'
  | 'complete'

/** Decision of one step of the guard. `would_deny`: a denial that `observe` mode did not enforce. */
export type StepVerdict = 'passed' | 'denied' | 'interrupted' | 'unavailable' | 'would_deny'

/** Explanation of an answer: a tree, from the question down to the tuples that decided. */
export interface Explanation {
  /** Kind of step: a relation, tuples of its own, one tuple, or a rewrite of the model. */
  readonly step: 'relation' | 'direct' | 'tuple' | 'computed' | 'from' | 'union' | 'intersection' | 'exclusion'
  /** Subject in OpenFGA's notation: `document:1#viewer`, or the tuple. */
  readonly subject: string
  /** `cycle`: the evaluation returned to a question that is still open, so this path cannot allow. */
  readonly verdict: 'allowed' | 'denied' | 'cycle' | 'error'
  /** Reason in words, if the steps below did not decide. */
  readonly reason?: string
  /** Steps that were taken, up to the step that decided. */
  readonly children: readonly Explanation[]
}

/** One step of the guard: its decision and the reason. */
export interface TraceStep {
  /** Step of the guard that decided. */
  readonly step: StepName
  /** Decision of this step. */
  readonly verdict: StepVerdict
  /** Detail for the operator. Contains no token; may contain what the policy asked of OpenFGA. */
  readonly detail: string
  /** Stack of the error of a rule that threw, without tokens. */
  readonly stack?: string
  /** Explanations of why each permission was granted or refused, if the checker can give them. */
  readonly explanations?: readonly Explanation[]
  /** Time of the decision, in epoch milliseconds. Present if there is an audit. */
  readonly at?: number
}

/**
 * Steps that decided how a call ended. Omits steps that the policy does not require.
 *
 * Goes to the operator and the audit event, never to the model.
 */
export interface Trace {
  /** Name of the tool that was called. */
  readonly tool: string
  /** Version of the policy that decided. Absent without an audit sink. */
  readonly policyVersion?: string
  /** Id of the approval that the call needs or used. Absent: none. */
  readonly approvalId?: string
  /** Random id of this call in all its audit events. Absent without an audit. */
  readonly callId?: string
  /** Time at which the call arrived, in epoch milliseconds. Present if there is an audit. */
  readonly startedAt?: number
  /** `'observe'`: a denial by a permission check was recorded and not enforced, here and in every call (F5). */
  readonly mode?: 'observe'
  /** Steps of the guard, in the order in which they were decided. */
  readonly steps: readonly TraceStep[]
}
