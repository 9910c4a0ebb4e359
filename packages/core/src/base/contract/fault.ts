import type { StepName } from './trace.ts'

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
