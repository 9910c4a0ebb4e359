import type { Guard, Identity, Policy } from '@behalf/core'
import type { StructuredTool } from '@langchain/core/tools'

/**
 * What LangChain's classes make: by `tool()`, from an MCP server, or an own subclass of `StructuredTool`.
 *
 * Says nothing of `name`: as part of this it would make the compiler forget the names of tools that are made in place.
 */
export interface GuardableTool {
  /** What the model reads about the tool. The guard does not change it. */
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
 * A policy for each tool, by the name that the tool has, whose input is what the tool's function takes. Tools whose
 * name is known only at run time, such as those of an MCP server, are held to their policies then.
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
   * For whom the model acts, if the app makes the tools for each request.
   * @default `context.identity` of the run. Absent there too: only public tools run
   */
  readonly identity?: Identity | undefined
  /**
   * Gets what a tool's body threw, and the tool's name. The model is told a fixed sentence instead.
   * Also gets a fault of the guard, and a `ConfigurationError` where a call has to pause and cannot. What it throws
   * is dropped.
   * @default the error is dropped
   */
  readonly onError?: (error: unknown, tool: string) => void
}

/** One tool under its policy. @internal */
export interface GuardedCall {
  readonly name: string
  /** As the tool says: `content`, or `content_and_artifact`. */
  readonly responseFormat: string | undefined
  readonly policy: Policy
  readonly guard: Guard
  readonly identity: Identity | undefined
  readonly onError: ((error: unknown, tool: string) => void) | undefined
}
