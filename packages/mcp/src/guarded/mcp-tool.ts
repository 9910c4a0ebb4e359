import type { Guard, Interrupt, Policy } from '@behalf/core'
import type { AnySchema, OutputOf, ToolHints } from './schema.ts'

/** What a tool's body gets beside its input. Its credentials come by `currentCall`. */
export interface ToolSurroundings<Context = unknown> {
  /** Aborts when the client goes away or cancels. */
  readonly signal: AbortSignal
  /** The SDK's own context of this request, to report progress, to log, to sample or to elicit. Holds no credentials. */
  readonly context: Context
}

/** A tool, in no SDK's form but for the context of its requests: `ServerContext` on SDK 2, `RequestHandlerExtra` on SDK 1. */
export interface McpTool<Schema extends AnySchema = AnySchema, Context = unknown> {
  /** Name for people, listed by `tools/list`. @default clients show the tool's name */
  readonly title?: string
  /** What the model reads about the tool. */
  readonly description?: string
  /** Any Standard Schema that can say itself as JSON Schema, and zod's mini schemas. */
  readonly inputSchema: Schema
  /**
   * Schema of the result's `structuredContent`. A result that does not fit it fails the call, unless it has `isError`.
   * @default results are not checked
   */
  readonly outputSchema?: AnySchema
  /** Hints for clients, listed by `tools/list`. They decide nothing here: the policy does. */
  readonly annotations?: ToolHints
  /** Further members of the tool for clients, listed by `tools/list` as they are. */
  readonly _meta?: Record<string, unknown>
  /**
   * The body may return `inputRequired(…)` of SDK 2: the run goes on in the next round, with the same approval and the same
   * idempotency key, and the body starts over with the client's `inputResponses` and its own `requestState`. Ask before
   * anything is written. A `write` tool asks twice at most. Such a body must not return another API's answer as it came:
   * that API could ask the user. @default false: such a value is data
   */
  readonly mayAskClient?: boolean
  /**
   * The body. Gets the input as the policy parsed it, frozen. Returns plain JSON, a text, or a result of MCP
   * (`{ content: […] }`); of a generator the last value is taken.
   */
  readonly execute: (input: OutputOf<Schema>, surroundings: ToolSurroundings<Context>) => unknown
}

/** The schemas by tool, from which the tools' types are inferred. */
export type Schemas = Readonly<Record<string, AnySchema>>

/** Tools by name, each with its own schema. */
export type ToolsOf<S extends Schemas, Context = unknown> = { readonly [Name in keyof S]: McpTool<S[Name], Context> }

/** A policy for each tool, whose input is what the tool's body takes. */
export type PoliciesFor<S extends Schemas> = {
  readonly [Name in keyof S]: Policy<OutputOf<S[Name]>>
}

/** Where a person does what an interrupt asks for: an absolute address of the app, never a ticket. */
export type PageOf = (interrupt: Interrupt) => string | undefined

/** How tools are guarded. */
export interface GuardRules {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /**
   * A page of the app for an interrupt. Clients that support URL elicitation are asked to open it. It finds the
   * interrupt by its id, and only under the identity of the user who is signed in there.
   * @default the interrupt's own `url`, where it is absolute
   */
  readonly pageOf?: PageOf
  /**
   * How long a request may wait for a person before it is answered, in seconds from 1 to 50: within each round of a client
   * that comes back with its state, and at once for those that have no other way. The SDK's client gives up after 10 rounds,
   * so a question can be answered for about 10 times as long. 0 never waits. @default 20
   */
  readonly waitSeconds?: number
  /**
   * What a client is shown by `tools/list`. `'permitted'` leaves out what this user could not call; each call is
   * checked as a whole either way. Caches may keep such a list for this user alone. @default 'permitted'
   */
  readonly list?: 'permitted' | 'all'
  /**
   * Gets what a tool's body threw, and the tool's name. The client is told a fixed sentence instead. Also gets a
   * fault of the guard itself, and, once for each reason, a `ConfigurationError` that says why a call was refused as
   * `approval_not_sent`, `identity_not_verified` or `misconfigured`. What it throws is dropped. @default writes the error's name and where it was thrown to
   * `console.error`, or why the call was refused: messages of the app's own errors may hold secrets, and are left out
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
  readonly name: string
  readonly tool: McpTool
  readonly policy: Policy
  readonly rules: GuardRules
}
