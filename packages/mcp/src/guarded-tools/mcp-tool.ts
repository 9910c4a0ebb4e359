import type { Guard, Interrupt, Policy } from '@behalf/core'
import type { AnySchema, OutputOf, ToolHints } from './schema.ts'

/** Values that a tool's body gets besides its input. `currentCall` returns its credentials. */
export interface ToolSurroundings<Context = unknown> {
  /** Aborts when the client goes away or cancels. */
  readonly signal: AbortSignal
  /** The SDK's own context of this request, for progress, logs, sampling and elicitation. Contains no credentials. */
  readonly context: Context
}

/**
 * A tool for both SDKs. Only the type of its request context differs: `ServerContext` on SDK 2, `RequestHandlerExtra`
 * on SDK 1.
 */
export interface McpTool<Schema extends AnySchema = AnySchema, Context = unknown> {
  /** Name for people, listed by `tools/list`. @default clients show the tool's name */
  readonly title?: string
  /** Description for the model. */
  readonly description?: string
  /** Any Standard Schema that also offers JSON Schema, or a schema of zod mini. */
  readonly inputSchema: Schema
  /**
   * Schema of the result's `structuredContent`. A result that does not fit it fails the call, unless it has `isError`.
   * @default results are not checked
   */
  readonly outputSchema?: AnySchema
  /** Hints for clients, listed by `tools/list`. They change no decision: the policy decides. */
  readonly annotations?: ToolHints
  /** Further fields of the tool for clients, listed by `tools/list` unchanged. */
  readonly _meta?: Record<string, unknown>
  /**
   * The body. Gets the input as the policy parsed it, frozen. Returns plain JSON, a text, or a result of MCP
   * (`{ content: […] }`). Of a generator, the last value is the result.
   *
   * To ask its client for input, the body throws `new HadNoEffect(inputRequired(…))` with `inputRequired` of SDK 2. The
   * run continues in the next round, with the same approval and the same idempotency key: the body starts again, with
   * the client's `inputResponses` and its own `requestState`. A `write` tool may ask twice at most, and only before it
   * changes anything: what its credentials wrote before leaves the run in doubt. An `inputRequired(…)` that it returns
   * is data.
   */
  readonly execute: (input: OutputOf<Schema>, surroundings: ToolSurroundings<Context>) => unknown
}

/** The schemas of the tools, by name. The tools' types are inferred from them. */
export type Schemas = Readonly<Record<string, AnySchema>>

/** Tools by name, each with its own schema. */
export type ToolsOf<S extends Schemas, Context = unknown> = { readonly [Name in keyof S]: McpTool<S[Name], Context> }

/** A policy for each tool. Its input is the input of the tool's body. */
export type PoliciesFor<S extends Schemas> = {
  readonly [Name in keyof S]: Policy<OutputOf<S[Name]>>
}

/** Returns the page where a person acts on an interrupt: an absolute address of the app, never a ticket. */
export type PageOf = (interrupt: Interrupt) => string | undefined

/** Rules by which tools are guarded. */
export interface GuardRules {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /**
   * Returns a page of the app for an interrupt. Clients that support URL elicitation are asked to open it. The page
   * finds the interrupt by its id, and only under the identity of the user who is signed in there.
   * @default the interrupt's own `url`, if it is absolute
   */
  readonly pageOf?: PageOf
  /**
   * Maximum time that a request waits for a person before it is answered, from 1 to 50 seconds. It applies to each
   * round of a client that sends state back, and once for other clients. The SDK's client gives up after 10 rounds, so
   * a question can be answered for about 10 times as long. 0: requests never wait.
   * @default 20
   */
  readonly waitSeconds?: number
  /**
   * The tools that `tools/list` returns. `'permitted'` omits those that this user could not call. Each call is fully
   * checked in both cases. Caches may store such a list for this user only.
   * @default 'permitted'
   */
  readonly list?: 'permitted' | 'all'
  /**
   * Called with the error that a tool's body threw, and the tool's name. The client gets a fixed sentence instead. Also
   * called with a fault of the guard itself. Gets a `ConfigurationError`, once for each reason, that says why a call
   * was refused as `approval_not_sent`, `identity_not_verified` or `misconfigured`. An error of the callback is
   * dropped.
   * @default writes to `console.error`: the error's name and the place where it was thrown, or the reason of the
   *   refusal. Messages of the app's own errors are omitted, since they may contain secrets
   */
  readonly onError?: (error: unknown, tool: string) => void
}

export const guardRuleKeys = [
  'guard',
  'pageOf',
  'waitSeconds',
  'list',
  'onError',
] as const satisfies readonly (keyof GuardRules)[]

/** One tool under its policy. */
export interface GuardedTool {
  /** Name of the function that the app called, for errors. */
  readonly owner: string
  readonly name: string
  readonly tool: McpTool
  readonly policy: Policy
  readonly rules: GuardRules
}
