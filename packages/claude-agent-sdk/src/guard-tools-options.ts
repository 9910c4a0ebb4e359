import type {
  HookCallbackMatcher,
  HookEvent,
  McpSdkServerConfigWithInstance,
  SdkMcpToolDefinition,
} from '@anthropic-ai/claude-agent-sdk'
import type { Guard, Identity, Interrupt, Json, Policy } from '@behalf/core'

// biome-ignore-start lint/suspicious/noExplicitAny: the framework's generic is invariant; no narrower type takes every tool.
/** Any tool of `tool()`, with any schema. */
export interface AnyTool extends Omit<SdkMcpToolDefinition<any>, 'handler'> {
  /** Runs the tool. The second argument is the one that the SDK passes to a handler. */
  readonly handler: (args: any, extra: unknown) => ReturnType<SdkMcpToolDefinition<any>['handler']>
}
// biome-ignore-end lint/suspicious/noExplicitAny: as above.

/** The input that a tool's schema gives. */
export type ToolInput<One extends AnyTool> = Parameters<One['handler']>[0]

/** A policy for each tool, whose input is what the tool's handler takes. */
export type PoliciesFor<Tools extends Readonly<Record<string, AnyTool>>> = {
  readonly [Name in keyof Tools]: Policy<ToolInput<Tools[Name]>>
}

/** Tools that Claude Code runs itself, such as `Bash`, and those of other MCP servers. */
export interface BuiltInOptions {
  /**
   * A policy for each tool, by its name for a hook: `Bash`, `mcp__github__create_issue`. Its input is the tool's whole
   * input. Without `access`: a hook can carry no token to a tool.
   */
  readonly policies: Readonly<Record<string, Policy<unknown, Readonly<Record<string, never>>>>>
  /**
   * Names of tools without a policy, which Claude Code's own permissions decide on. Every other tool is denied. A tool
   * that has a policy too is decided on by its policy.
   * @default none
   */
  readonly unguarded?: readonly string[]
}

/** Options of {@link guardTools}, without the policies. */
export interface GuardContext {
  /**
   * Identity for which the model acts, verified for this request; or a function that is called at each call, such as
   * `currentIdentity` if the app calls `query` within `runAs`. `undefined`, or a function that throws or returns
   * `undefined`: no user is signed in, so only public tools run. Never read from a message.
   */
  readonly identity: Identity | undefined | (() => Identity | undefined)
  /** Name of the MCP server that holds the tools. The model sees `mcp__<server>__<tool>`. @default 'behalf' */
  readonly server?: string
  /**
   * Decides on the tools that Claude Code runs itself, by a hook.
   * @default Claude Code's own permissions decide on them
   */
  readonly builtIn?: BuiltInOptions
  /** For a session that is resumed: the calls that wait, as {@link interruptsOf} returned them. @default none */
  readonly pending?: readonly PendingCall[]
  /**
   * Called with the error that a tool's body threw, and the tool's name. The model gets a fixed sentence instead. Also
   * called with a fault of the guard itself, of an `identity` function, and where arguments were changed after the
   * decision. Gets once each reason for which the guard refused a call as `misconfigured`, `approval_not_sent` or
   * `identity_not_verified`. An error of the callback is dropped.
   * @default the error is dropped, and why a call was refused is printed
   */
  readonly onError?: (error: unknown, tool: string) => void
}

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<Tools extends Readonly<Record<string, AnyTool>>> extends GuardContext {
  /** The guard that decides on each call of these tools. */
  readonly guard: Guard
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<Tools>
}

/** The guarded tools of one `query`, for its options. Both parts are needed: without the hooks, no tool runs. */
export interface GuardedTools {
  /** The MCP server with the tools. */
  readonly mcpServers: Readonly<Record<string, McpSdkServerConfigWithInstance>>
  /** Hooks that tell the tools their session, and defer a call that waits for a person. */
  readonly hooks: Partial<Record<HookEvent, HookCallbackMatcher[]>>
  /** The guarded tools, for a server of your own with the same name. */
  readonly tools: readonly AnyTool[]
}

/** A guarded call that waits for a person, as plain JSON. */
export interface PendingCall {
  /** The session that made the call: `resume` of the next `query`. */
  readonly sessionId: string
  /** The model's id of the call. */
  readonly callId: string
  /**
   * The id of the subagent that made the call. Absent without one. The model was told that the call waits, because no
   * session can resume it.
   */
  readonly agentId?: string
  /** The arguments as the model wrote them. */
  readonly input: Json
  /** Action that the person must take. Its `kind` is an approval, a login, a connection or a step-up. */
  readonly interrupt: Interrupt
}

/** One tool under its policy, with the data of its request. @internal */
export interface GuardedCall {
  readonly name: string
  /** The tool's own parts, as they were when it was guarded. */
  readonly own: Pick<AnyTool, 'handler' | 'inputSchema'>
  readonly policy: Policy
}
