import type { Guard, Identity, Policy } from '@behalf/core'
import type { ModelMessage, Tool, ToolApprovalStatus } from 'ai'

/**
 * A policy for each tool, whose input is what the tool's `execute` takes. Of a set whose names are not known before it
 * runs, such as an MCP server's tools, the inputs are not known either.
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
   * For whom the model acts, as verified for this request. `undefined`: no user is signed in, so only public tools run.
   */
  readonly identity: Identity | undefined
  /** The conversation's id: where a call may be found again after a restart. Not a secret and not a proof. */
  readonly threadId: string
  /**
   * Tools that stream though their `execute` is no async generator function: one that was compiled to older
   * JavaScript, or returns an iterable that it was given. Others are recognised.
   */
  readonly streaming?: readonly (keyof Tools)[]
  /**
   * Gets what a tool's body threw, and the tool's name. The model is told a fixed sentence instead.
   * Also gets a fault of the guard itself. What it throws is dropped.
   * @default the error is dropped
   */
  readonly onError?: (error: unknown, tool: string) => void
}

/** What `generateText` and `streamText` take: `{ ...guardTools(tools, options) }`. */
export interface GuardedTools<Tools> {
  /** The tools under their own names and types. Each `execute` runs behind the guard. */
  readonly tools: Tools
  /** Decides on each call before the AI SDK runs it: run, refuse, or pause for a person. Runs no tool. */
  readonly toolApproval: { readonly [Name in keyof Tools]: ToolApprovalFunction }
}

/** Asked before a call, with the model's input. Never rejects. */
export type ToolApprovalFunction = (
  input: unknown,
  call: { readonly toolCallId: string; readonly messages?: readonly ModelMessage[] },
) => Promise<ToolApprovalStatus>

/** One tool under its policy, with what its request knows. @internal */
export interface GuardedCall {
  readonly name: string
  readonly policy: Policy
  readonly streams: boolean
  readonly options: Pick<GuardToolsOptions<unknown>, 'guard' | 'identity' | 'threadId' | 'onError'>
}
