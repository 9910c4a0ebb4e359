import type { Guard, Identity, Policy } from '@behalf/core'
import type { ModelMessage, Tool, ToolApprovalStatus } from 'ai'

/**
 * A policy for each tool, whose input is that of the tool's `execute`. If the names of a set are unknown before it
 * runs, such as an MCP server's tools, the inputs are unknown too.
 */
export type PoliciesFor<Tools> = {
  readonly [Name in keyof Tools]: string extends Name ? Policy : Policy<ToolInput<Tools[Name]>>
}

/** The input that a tool's body takes. */
export type ToolInput<One> = One extends Tool<infer Input> ? Input : never

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<Tools> {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<Tools>
  /**
   * Identity for which the model acts, verified for this request. `undefined`: no user is signed in, so only public
   * tools run.
   */
  readonly identity: Identity | undefined
  /** The conversation's id: where a call may be found again after a restart. Not a secret and not a proof. */
  readonly threadId: string
  /**
   * Tools that stream without an async generator function as `execute`: it was compiled to older JavaScript, or returns
   * an iterable that it got. Other streaming tools are recognized.
   */
  readonly streaming?: readonly (keyof Tools)[]
  /**
   * Called with the error that a tool's body threw, and the tool's name. The model gets a fixed sentence instead. Also
   * called with a fault of the guard itself, and once if `toolApproval` was not passed on. Gets once each reason for
   * which the guard refused a call as `misconfigured`, `approval_not_sent` or `identity_not_verified`. An error of the
   * callback is dropped.
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
  /** Id of the call, as the AI SDK gives it. */
  readonly toolCallId: string
  /** Time at which that run began, in epoch seconds. */
  readonly ranAt: number
}

/** Options for `generateText` and `streamText`: `{ ...guardTools(tools, options) }`. */
export interface GuardedTools<Tools> {
  /** The tools under their own names and types. Each `execute` runs behind the guard. */
  readonly tools: Tools
  /** Decides on each call before the AI SDK runs it: run, refuse, or pause for a person. Runs no tool. */
  readonly toolApproval: { readonly [Name in keyof Tools]: ToolApprovalFunction }
}

/** Called before a call, with the model's input. Never rejects. */
export type ToolApprovalFunction = (
  input: unknown,
  call: { readonly toolCallId: string; readonly messages?: readonly ModelMessage[] },
) => Promise<ToolApprovalStatus>

/** One tool under its policy, with the data of its request. @internal */
export interface GuardedCall {
  /** Name of the function that the app called, for errors. */
  readonly owner: string
  readonly name: string
  readonly policy: Policy
  readonly streams: boolean
  readonly options: Pick<GuardToolsOptions<unknown>, 'guard' | 'identity' | 'threadId' | 'onError' | 'onReplayed'>
}
