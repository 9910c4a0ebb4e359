import type { Guard, Identity, Policy } from '@behalf/core'
import type { StructuredTool } from '@langchain/core/tools'

/**
 * A tool of LangChain's classes: made by `tool()`, from an MCP server, or of an own subclass of `StructuredTool`.
 *
 * Does not include `name`: with it, the compiler would forget the names of tools that are made in place.
 */
export interface GuardableTool {
  /** Description for the model. The guard does not change it. */
  readonly description: string
  /** LangChain's namespace of the tool's class, which every `StructuredTool` has. Not read here. */
  readonly lc_namespace: readonly string[]
  /** Schema of the tool's input: zod or JSON Schema. The guard does not change it. */
  readonly schema: unknown
}

/** The input that a tool's body takes. */
export type ToolInput<Tool> =
  Tool extends StructuredTool<infer _Schema, infer Input, infer _In, infer _Out, infer _Event> ? Input : never

/** The name of a tool, as a literal. */
export type ToolName<Tool> = Tool extends { readonly name: infer Name extends string } ? Name : never

/**
 * A policy for each tool, by the tool's name, whose input is that of the tool's function. Tools whose names are known
 * only at run time, such as those of an MCP server, are checked against their policies then.
 */
export type PoliciesFor<Tools extends readonly GuardableTool[]> = {
  readonly [Tool in Tools[number] as ToolName<Tool>]: string extends ToolName<Tool> ? Policy : Policy<ToolInput<Tool>>
}

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<Tools extends readonly GuardableTool[]> {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<Tools>
  /**
   * Identity for which the model acts, if the app makes the tools for each request.
   * @default `context.identity` of the run. Absent there too: only public tools run
   */
  readonly identity?: Identity | undefined
  /**
   * Called with the error that a tool's body threw, and the tool's name. The model gets a fixed sentence instead. Also
   * called with a fault of the guard, and with a `ConfigurationError` if a call must pause and cannot. Gets once each
   * reason for which the guard refused a call as `misconfigured`, `approval_not_sent` or `identity_not_verified`. An
   * error of the callback is dropped.
   * @default the error is dropped, and why a call was refused is printed
   */
  readonly onError?: (error: unknown, tool: string) => void
}

/** One tool under its policy. @internal */
export interface GuardedCall {
  /** Name of the function that the app called, for errors. */
  readonly owner: string
  readonly name: string
  /** Format of the tool's response: `content`, or `content_and_artifact`. */
  readonly responseFormat: string | undefined
  /** The tool's own metadata, which LangChain adds to its messages. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined
  readonly policy: Policy
  readonly guard: Guard
  readonly identity: Identity | undefined
  readonly onError: ((error: unknown, tool: string) => void) | undefined
}
