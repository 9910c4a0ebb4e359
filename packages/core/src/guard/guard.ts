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
} from '../base/contract/index.ts'
import type { Delegations } from '../delegations/delegations.ts'
import type { Pauses } from './interrupts/pauses.ts'
import type { ApprovalInbox } from './methods/approval-inbox.ts'
import type { Operator, OperatorOptions, Readiness } from './methods/operator.ts'
import type { Revocation } from './methods/revoke-access.ts'
import type { VisibleTools } from './methods/visible-tools.ts'
import type { PolicyWarning } from './tools/check-policies.ts'
import type { DefinedTool, PoliciesOrTools, ToolCall } from './tools/define-tool.ts'

/** Decides about tool calls, and runs those that may run. Made by `createGuard`. */
export interface Guard {
  /**
   * Returns whether a call could run now. Does all checks before the body, and consumes nothing.
   *
   * Asks the person if the policy requires it, and returns the interrupt. `run` checks everything again.
   *
   * @throws The reason of the invocation's own abort, and nothing else.
   */
  preflight(tool: DefinedTool, call: ToolCall): Promise<PreflightOutcome>
  /** Does the same for a policy whose tool the invocation names. */
  preflight(policy: Policy | undefined, invocation: Invocation): Promise<PreflightOutcome>
  /** Checks everything, then runs a tool that `defineTool` made, with the input of a model, whose type is `unknown`. */
  run<Result, Given>(
    tool: DefinedTool<string, unknown, AccessRules, Effect, Result>,
    call: ToolCall<Given> & (unknown extends Given ? unknown : never),
  ): Promise<Outcome<Result>>
  /** Does the same with the input of your own code, whose type is that of the tool's schema. */
  run<Result, Raw>(
    tool: DefinedTool<string, unknown, AccessRules, Effect, Result, Raw>,
    call: ToolCall<NoInfer<Raw>>,
  ): Promise<Outcome<Result>>
  /**
   * Checks everything, then runs `body` with the parsed input and its call.
   *
   * `write` calls run at most once under their slot; a second try gets the stored result. A body may return an async
   * generator or a `ReadableStream`. Its run ends with it, so read it to its end or cancel it. A repeat returns the
   * generator's return value, as a plain value, and none of the values that it yielded. A stream cannot be repeated.
   * A Node.js stream or another iterator would be read after the call, so it rejects with a `TypeError`. Any other result
   * of a `write` is plain JSON. The compiler refuses a result that it knows is not ({@link ResultFor}), and `onFault`
   * gets a result that could not be stored.
   *
   * @throws The reason of the invocation's own abort, and the body's own error.
   * @throws TypeError The body returned a Node.js stream or another iterator. A `write` is in doubt, as if its body threw.
   */
  run<Input, Access extends AccessRules, Result, Effects extends Effect = Effect>(
    policy: Policy<Input, Access, Effects> | undefined,
    invocation: Invocation,
    body: ((input: NoInfer<Input>, call: Call<NoInfer<Access>>) => Result | Promise<Result>) &
      ResultFor<NoInfer<Effects>, NoInfer<Result>>,
  ): Promise<Outcome<Result>>
  /**
   * Returns the tools that are worth showing to a model that acts for `identity`. Grants nothing: the guard checks
   * every call in full.
   *
   * Includes all public tools, and other tools if identity, roles, the ceiling and the policy's `visibleWhen` allow
   * them. A condition on the input, an approval or a linked account hides nothing. Permissions are asked in one batch.
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
   * Ends the access of a user, also where they act for others, or of one session: after a logout, a lost device, the
   * end of a contract (I9).
   *
   * Ends open questions, unused approvals, delegations and stored sessions in the store at once, and drops tokens in
   * the memory of this process. Then it notifies channels, and revokes the tokens of all these at the issuer, if it
   * supports that (RFC 7009). A failure there fails nothing, and the guard waits at most 3 s. Earlier proofs are
   * refused: at once in this process, in other processes within `revocationSeconds`, and before any claim. Does not
   * stop a running body, does not unlink accounts, and does not end access that an API has been given already. Can be
   * called again after a failure.
   *
   * @throws ConfigurationError Neither subject nor session is named, or the subject is this agent's own client. The
   *   agent's own access ends at its issuer.
   * @throws StoreError, TransportError The store did not answer, or not in time: call again, and the revocation
   *   continues.
   */
  revoke(options: RevokeOptions): Promise<Revocation>
}

/** A guard with background work. */
export interface GuardWithDelegations extends Guard {
  /** Tasks that users let the agent do while they are away. */
  readonly delegations: Delegations
}
