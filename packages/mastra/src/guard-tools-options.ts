import type { Guard, Identity, Policy } from '@behalf/core'
import type { StandardSchemaWithJSON } from '@mastra/core/schema'
import type { Tool } from '@mastra/core/tools'

/** Any tool of Mastra, whatever its schemas and its context. */
// biome-ignore lint/suspicious/noExplicitAny: Mastra's own generics are invariant; nothing narrower takes every tool.
export type AnyTool = Tool<any, any, any, any, any, any, any>

/** A policy for each tool. Its input is the input of the tool's `execute`. */
export type PoliciesFor<Tools> = { readonly [Name in keyof Tools]: Policy<ToolInput<Tools[Name]>> }

/** The input of a tool's schema. */
export type ToolInput<One> = One extends { readonly inputSchema?: StandardSchemaWithJSON<infer Input> } ? Input : never

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<Tools> {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<Tools>
  /**
   * Identity for which the model acts, verified for this request; or a function that is called at each call, such as
   * `currentIdentity` if the app calls the agent within `runAs`. `undefined`, or a function that throws or returns
   * `undefined`: no user is signed in, so only public tools run. Never read from Mastra's request context, which is
   * stored as plain text and restored on resume.
   *
   * A function is not called in a background task, which runs in its worker's context: give such tools the identity
   * itself. Elsewhere, tools with such an identity do nothing within `runAs` of another user: a waiting run resumes
   * with the tools with which it began.
   */
  readonly identity: Identity | undefined | (() => Identity | undefined)
  /**
   * Called with the error that a tool's body threw, and the tool's name. The model gets a fixed sentence instead. Also
   * called with a fault of the guard itself, and of an `identity` function. Gets once each reason for which the guard
   * refused a call as `misconfigured`, `approval_not_sent` or `identity_not_verified`. An error of the callback is
   * dropped.
   * @default the error is dropped, and why a call was refused is printed
   */
  readonly onError?: (error: unknown, tool: string) => void
  /**
   * Called if a call gets the result of an earlier run, such as that of an equal call of the same step: the tool's code
   * does not run for it. The model reads the result as always. An error of the callback is dropped.
   * @default the app does not see it
   */
  readonly onReplayed?: (replay: Replay) => void
}

/** A call that got the result of an earlier run. */
export interface Replay {
  /** Name of the tool. */
  readonly tool: string
  /** Id of the call, as Mastra gives it: absent in a workflow. */
  readonly toolCallId: string | undefined
  /** Time at which that run began, in epoch seconds. */
  readonly ranAt: number
}

/** One tool under its policy, with the data of its request. @internal */
export interface GuardedCall {
  /** Name of the function that the app called, for errors. */
  readonly owner: string
  readonly name: string
  readonly tool: AnyTool
  readonly policy: Policy
  /** Parses a model's arguments by the tool's schema, as Mastra does before it calls a tool. */
  readonly read: (input: unknown) => Promise<unknown>
  readonly options: Omit<GuardToolsOptions<unknown>, 'policies'>
}
