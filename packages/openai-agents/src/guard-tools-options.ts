import type { Guard, Identity, Policy } from '@behalf/core'
import type { FunctionTool, RunContext, ToolExecuteArgument } from '@openai/agents'

/** Any function tool of OpenAI Agents, with any parameters and context. */
// biome-ignore lint/suspicious/noExplicitAny: the framework's generics are invariant; no narrower type takes every tool.
export type AnyTool = FunctionTool<any, any, any>

/** The context of a run, as the framework passes it to a tool. */
// biome-ignore lint/suspicious/noExplicitAny: the app chooses the type of its context.
export type AnyRunContext = RunContext<any>

/**
 * A policy for each tool, whose input is what the tool's `execute` takes. Any policy where the parameters of a tool are a
 * JSON schema, which gives the input no type.
 */
export type PoliciesFor<Tools> = {
  readonly [Name in keyof Tools]: unknown extends ToolInput<Tools[Name]> ? Policy : Policy<ToolInput<Tools[Name]>>
}

/** The input that a tool's schema gives. */
export type ToolInput<One> =
  // biome-ignore lint/suspicious/noExplicitAny: as in AnyTool.
  One extends FunctionTool<any, infer Parameters, any> ? ToolExecuteArgument<Parameters> : never

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<Tools> {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<Tools>
  /**
   * Identity for which the model acts, verified for this request; or a function that is called at each call, such as
   * `currentIdentity` if the app runs the agent within `runAs`. `undefined`, or a function that throws or returns
   * `undefined`: no user is signed in, so only public tools run. Never read from the context of a run, which the
   * framework stores as plain text and restores.
   */
  readonly identity: Identity | undefined | (() => Identity | undefined)
  /**
   * The conversation's id, where a call is found again after a restart; or a function that returns it, if one agent
   * serves many conversations: `({ context }) => context.threadId`. Not a secret and not a proof. The framework tells a
   * tool neither its session nor its trace group, so the app gives it.
   */
  readonly threadId: string | ((runContext: AnyRunContext) => string)
  /**
   * Called with the error that a tool's body threw, and the tool's name. The model gets a fixed sentence instead. Also
   * called with a fault of the guard itself, and of an `identity` function. Gets once each reason for which the guard
   * refused a call as `misconfigured`, `approval_not_sent` or `identity_not_verified`. An error of the callback is
   * dropped.
   * @default the error is dropped, and why a call was refused is printed
   */
  readonly onError?: (error: unknown, tool: string) => void
}

/** One tool under its policy, with the data of its request. @internal */
export interface GuardedCall {
  /** Name of the function that the app called, for errors. */
  readonly owner: string
  readonly name: string
  /** The tool's own functions, as they were when it was guarded. */
  readonly own: Pick<AnyTool, 'invoke' | 'needsApproval' | 'customDataExtractor'>
  readonly policy: Policy
  readonly options: Omit<GuardToolsOptions<unknown>, 'policies'>
}
