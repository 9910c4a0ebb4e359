import type { Guard, Identity, Policy } from '@behalf/core'
import type { StandardSchemaWithJSON } from '@mastra/core/schema'
import type { Tool } from '@mastra/core/tools'

/** Any tool of Mastra, whatever its schemas and its context. */
// biome-ignore lint/suspicious/noExplicitAny: Mastra's own generics are invariant; nothing narrower takes every tool.
export type AnyTool = Tool<any, any, any, any, any, any, any>

/** A policy for each tool, whose input is what the tool's `execute` takes. */
export type PoliciesFor<Tools> = { readonly [Name in keyof Tools]: Policy<ToolInput<Tools[Name]>> }

/** The input that a tool's schema gives. */
export type ToolInput<One> = One extends { readonly inputSchema?: StandardSchemaWithJSON<infer Input> } ? Input : never

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<Tools> {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<Tools>
  /**
   * For whom the model acts: as verified for this request, or a function that is asked at each call, such as
   * `currentIdentity` where the app calls the agent within `runAs`. `undefined`, or a function that throws or returns
   * nothing, means that no user is signed in: only public tools run. Never taken from Mastra's request context, which
   * is stored in the clear and restored on resume.
   *
   * A function is not asked in a background task, which runs in its worker's context: give such tools the identity
   * itself. Elsewhere such an identity does not act within `runAs` of another user: a waiting run is resumed with the
   * tools that it began with.
   */
  readonly identity: Identity | undefined | (() => Identity | undefined)
  /**
   * Gets what a tool's body threw, and the tool's name. The model is told a fixed sentence instead. Also gets a fault
   * of the guard itself, and of an `identity` function. Gets once each reason for which the guard refused a call as
   * `misconfigured`, `approval_not_sent` or `identity_not_verified`. What it throws is dropped.
   * @default the error is dropped, and why a call was refused is printed
   */
  readonly onError?: (error: unknown, tool: string) => void
}

/** One tool under its policy, with what its wrapper knows. @internal */
export interface GuardedCall {
  readonly name: string
  readonly tool: AnyTool
  readonly policy: Policy
  /** Reads a model's arguments by the tool's schema, as Mastra does before it calls a tool. */
  readonly read: (input: unknown) => Promise<unknown>
  readonly options: Omit<GuardToolsOptions<unknown>, 'policies'>
}
