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

export type StepVerdict = 'passed' | 'denied' | 'interrupted' | 'unavailable' | 'would_deny'

/** Why a relation holds or does not, as a tree: a question, and the questions that it was answered by. */
export interface Explanation {
  /** In the notation of OpenFGA: `user:ann user_can_trade portfolio:p1`, or a tuple that was looked at. */
  readonly question: string
  /** How it is answered: by a rewrite of the model, a stored or contextual tuple, or a condition. */
  readonly by:
    | 'relation'
    | 'direct'
    | 'computed'
    | 'from'
    | 'union'
    | 'intersection'
    | 'exclusion'
    | 'tuple'
    | 'condition'
  readonly allowed: boolean
  /** What is worth saying beside it: a cycle, a missing parameter, a condition that does not hold. */
  readonly note?: string
  /** What it was answered by, in the order of the model. Empty at a leaf. */
  readonly because: readonly Explanation[]
}

/** What one step asked, and why the answer was what it was. */
export interface TraceStep {
  readonly step: StepName
  readonly verdict: StepVerdict
  /** For the operator. Holds no token; may hold what the policy asked of OpenFGA. */
  readonly detail: string
  /** Why each permission was given or refused, where the checker can say so. */
  readonly explanations?: readonly Explanation[]
}

/**
 * Why a call ended as it did, step by step. Steps that the policy does not ask for are absent.
 *
 * Goes to the operator and the audit event, never to the model.
 */
export interface Trace {
  readonly tool: string
  readonly policyVersion?: string
  readonly approvalId?: string
  /** `'observe'`: a denial by a permission check was recorded and not enforced, here and in every call (F5). */
  readonly mode?: 'observe'
  readonly steps: readonly TraceStep[]
}
