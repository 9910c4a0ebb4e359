import type {
  AccessRules,
  Call,
  Effect,
  Identity,
  Invocation,
  Outcome,
  Policy,
  PreflightOutcome,
  ResultFor,
  RevokeOptions,
} from '../contract/index.ts'
import type { Delegations } from '../delegations/delegations.ts'
import type { ApprovalInbox } from './approval-inbox.ts'
import type { PolicyWarning } from './check-policies.ts'
import type { DefinedTool, PoliciesOrTools, ToolCall } from './defined-tool.ts'
import type { Operator, OperatorOptions } from './operator.ts'
import type { Pauses } from './pauses.ts'
import type { Readiness } from './ready.ts'
import type { Revocation } from './revoke.ts'
import type { VisibleTools } from './visible-tools.ts'

/** Decides about tool calls, and runs those that may run. Made by `createGuard`. */
export interface Guard {
  /**
   * Whether a call could run now: everything before the body, and nothing consumed.
   *
   * Asks the person where the policy says so, and comes back with the interrupt. `run` checks it all again.
   * @throws The reason of the invocation's own abort, and nothing else.
   */
  preflight(tool: DefinedTool, call: ToolCall): Promise<PreflightOutcome>
  /** The same for a policy, whose tool the invocation names. */
  preflight(policy: Policy | undefined, invocation: Invocation): Promise<PreflightOutcome>
  /** Checks everything, then runs a tool that `defineTool` made, as {@link Guard.run} of its policy and its body. */
  run<Input, Access extends AccessRules, Effects extends Effect, Result>(
    tool: DefinedTool<string, Input, Access, Effects, Result>,
    call: ToolCall,
  ): Promise<Outcome<Result>>
  /**
   * Checks everything, then runs `body` with the parsed input and its call.
   *
   * `write` calls run at most once under their slot; a second try gets the stored result. A body may return an async
   * generator or a `ReadableStream`: its run ends with it, so read it to its end or give it up. Told again is what
   * the generator returned, as a plain value, and nothing that it yielded; a stream cannot be told again. Any other
   * result of a `write` is plain JSON: the compiler refuses what it sees not to be ({@link ResultFor}), and `onFault`
   * hears of what could not be stored.
   * @throws The reason of the invocation's own abort, and the body's own error.
   */
  run<Input, Access extends AccessRules, Result, Effects extends Effect = Effect>(
    policy: Policy<Input, Access, Effects> | undefined,
    invocation: Invocation,
    body: ((input: NoInfer<Input>, call: Call<NoInfer<Access>>) => Result | Promise<Result>) &
      ResultFor<NoInfer<Effects>, NoInfer<Result>>,
  ): Promise<Outcome<Result>>
  /**
   * The tools worth showing to a model that acts for `identity`. Grants nothing: every call is checked as a whole.
   *
   * Public tools always; others where identity, roles, the ceiling and the policy's `visibleWhen` allow it. What
   * depends on an input, an approval or a linked account hides nothing. Permissions are asked in one batch.
   */
  visible(policies: PoliciesOrTools, identity?: Identity): Promise<VisibleTools>
  /**
   * Checks that this guard can serve these policies: it needs their permissions, roles, vault and channel, and all scopes
   * within the ceiling. Does no I/O, and grants nothing. Adapters call it when they guard tools.
   *
   * @returns warnings, which stop no call.
   * @throws ConfigurationError Names every policy that cannot be served, and the remedy.
   */
  check(policies: PoliciesOrTools): readonly PolicyWarning[]
  /**
   * Contacts the store and the authorization server, and compares the clocks. Call it at the start of a process, and in
   * its health check. Does not contact the servers of permissions, vault and channels.
   *
   * @throws ConfigurationError The clock of this process is off by more than 30 s, or the metadata of the issuer is wrong.
   * @throws StoreError, TransportError The store or the issuer did not answer.
   */
  ready(): Promise<Readiness>
  /**
   * Returns the operations of the app's own code without a user: revoke, resolve and cancel. Never give it to an agent.
   *
   * @throws ConfigurationError `name` is empty.
   */
  asOperator(options: OperatorOptions): Operator
  /** Open and answered questions, by the ids that interrupts carry, and by person. */
  readonly approvals: ApprovalInbox
  /** Checks whether a framework's stored pause belongs to this guard, and returns its state. */
  readonly pauses: Pauses
  /**
   * Ends the access of a user, or of one session: after a logout, a lost device, a contract's end (I9).
   *
   * Open questions, unused approvals, delegations and kept sessions end in the store at once, and tokens in the memory
   * of this process are dropped; then channels are told, and the issuer is given back the tokens of all these where
   * it takes them (RFC 7009), which fails nothing and is waited for 3 s at most. Proofs from before are refused: here
   * at once, in other processes within `revocationSeconds` and before any claim. Does not stop a body that runs, does
   * not unlink accounts, and does not end what an API has been given already. Can be called again after a failure.
   *
   * @throws ConfigurationError Neither subject nor session is named.
   * @throws StoreError, TransportError The store did not answer, or not in time: call again, it goes on.
   */
  revoke(options: RevokeOptions): Promise<Revocation>
}

/** A guard with background work. */
export interface GuardWithDelegations extends Guard {
  /** Tasks that users let the agent do while they are away. */
  readonly delegations: Delegations
}
