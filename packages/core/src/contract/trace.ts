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

/** What one step asked, and why the answer was what it was. */
export interface TraceStep {
  readonly step: StepName
  readonly verdict: StepVerdict
  /** For the operator. Holds no token; may hold what the policy asked of OpenFGA. */
  readonly detail: string
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
  readonly steps: readonly TraceStep[]
}
