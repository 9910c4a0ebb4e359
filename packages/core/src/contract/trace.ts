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

/** Why a question was answered as it was: a tree, from the question down to the tuples that decided. */
export interface Explanation {
  /** What was looked at: a relation, tuples of its own, one tuple, or a rewrite of the model. */
  readonly step: 'relation' | 'direct' | 'tuple' | 'computed' | 'from' | 'union' | 'intersection' | 'exclusion'
  /** In OpenFGA's notation: `document:1#viewer`, or the tuple. */
  readonly subject: string
  /** `cycle`: led back to a question that is being answered, so it is no path to yes. */
  readonly verdict: 'allowed' | 'denied' | 'cycle' | 'error'
  /** What decided, in words, where it was not the steps below. */
  readonly reason?: string
  /** The steps that were taken. After the one that decided, none is. */
  readonly children: readonly Explanation[]
}

/** One step of the guard: its decision and the reason. */
export interface TraceStep {
  /** Step of the guard that decided. */
  readonly step: StepName
  /** Decision of this step. */
  readonly verdict: StepVerdict
  /** For the operator. Holds no token; may hold what the policy asked of OpenFGA. */
  readonly detail: string
  /** Where a rule of the policy threw: the stack of its error, without tokens. */
  readonly stack?: string
  /** Why each permission was given or refused, where the checker can say so. */
  readonly explanations?: readonly Explanation[]
  /** When it was decided, in epoch milliseconds; where there is an audit. */
  readonly at?: number
}

/**
 * Why a call ended as it did, step by step. Steps that the policy does not ask for are absent.
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
  /** Random; names this call in every audit event that it caused. Where there is an audit. */
  readonly callId?: string
  /** When the call came, in epoch milliseconds; where there is an audit. */
  readonly startedAt?: number
  /** `'observe'`: a denial by a permission check was recorded and not enforced, here and in every call (F5). */
  readonly mode?: 'observe'
  /** Steps of the guard, in the order in which they were decided. */
  readonly steps: readonly TraceStep[]
}
