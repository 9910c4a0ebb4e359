import type { AccessRules, Call, Invocation, Outcome, Policy, PreflightOutcome } from '../contract/index.ts'
import type { ApprovalInbox } from './approval-inbox.ts'

/** Decides about tool calls, and runs those that may run. Made by `createGuard`. */
export interface Guard {
  /**
   * Whether a call could run now: everything before the body, and nothing consumed.
   *
   * Asks the person where the policy says so, and comes back with the interrupt. `run` checks it all again.
   * @throws The reason of the invocation's own abort, and nothing else.
   */
  preflight(policy: Policy | undefined, invocation: Invocation): Promise<PreflightOutcome>
  /**
   * Checks everything, then runs `body` with the parsed input and its call.
   *
   * `write` calls run at most once under their slot; a second try gets the stored result.
   * @throws The reason of the invocation's own abort, and the body's own error.
   */
  run<Input, Access extends AccessRules, Result>(
    policy: Policy<Input, Access> | undefined,
    invocation: Invocation,
    body: (input: NoInfer<Input>, call: Call<NoInfer<Access>>) => Result | Promise<Result>,
  ): Promise<Outcome<Result>>
  /** Open and answered questions, by the ids that interrupts carry. */
  readonly approvals: ApprovalInbox
}
