import { policiesOf } from '@behalf/core/spi'
import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import {
  type CallToolRequest,
  type CallToolResult,
  CallToolResultSchema,
  ErrorCode,
  McpError,
  type ServerNotification,
  type ServerRequest,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/sdk/types.js'
import { aroundHandler, refuseOtherSdk } from '../guarded-tools/around-handler.ts'
import { identityOf, ownContext, reportMissingScopes } from '../guarded-tools/auth-info.ts'
import { callTool, waitingResult } from '../guarded-tools/call-tool.ts'
import { callerScopesBy, guardedToolsOf, markRegistered } from '../guarded-tools/guarded-tools-of.ts'
import type { GuardedTool, GuardRules, McpTool, PoliciesFor, Schemas, ToolsOf } from '../guarded-tools/mcp-tool.ts'
import { pageFor } from '../guarded-tools/page-of.ts'
import { hiddenFrom, showPermitted } from '../guarded-tools/show-permitted.ts'
import { type Extra, toolContext } from './tool-context.ts'

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<S extends Schemas> extends GuardRules {
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<S>
}

/** Guarded tools, to register on each server of the v1 SDK. */
export interface GuardedTools {
  /** The scopes that the caller's token must have, by tool. Pass it to the gate as `guarded`. */
  readonly callerScopes: ReadonlyMap<string, readonly string[]>
  /** Registers the tools. @returns the server */
  register(server: McpServer): McpServer
}

const DEFAULT_WAIT_SECONDS = 20

/**
 * Puts the guard before each tool, like `guardTools` of `@behalf/mcp/server`, for servers of the v1 SDK
 * (`@modelcontextprotocol/sdk`). That SDK's newest revision is 2025-11-25, in which clients send no state back. So the
 * guard finds a repeated call by its owner, its tool and its arguments.
 *
 * Schemas are zod's (v4, mini included), as the v1 SDK requires.
 *
 * @throws ConfigurationError An unknown option, or a tool without a policy or without `execute`.
 */
export function guardTools<const S extends Schemas>(
  tools: ToolsOf<S, RequestHandlerExtra<ServerRequest, ServerNotification>>,
  options: GuardToolsOptions<NoInfer<S>>,
): GuardedTools {
  const guarded = guardedToolsOf('guardTools', tools as unknown as Readonly<Record<string, McpTool>>, options)
  const { guard, list } = options
  const policies = policiesOf(guarded)
  const callerScopes = callerScopesBy(guarded)
  return {
    callerScopes,
    register(server) {
      refuseOtherSdk(server, 'v1')
      for (const one of guarded) register(server, one)
      if (guarded.length > 0) refuseTasks(server, policies)
      if (guarded.length > 0 && list !== 'all') {
        showPermitted<Extra>(server, (context) => hiddenFrom(guard, policies, identityOf(context)))
      }
      markRegistered(callerScopes)
      return server
    },
  }
}

function register(server: McpServer, guarded: GuardedTool): void {
  const { name, tool } = guarded
  const { title, description, annotations, _meta, outputSchema } = tool
  const config = {
    inputSchema: tool.inputSchema as never,
    ...(outputSchema !== undefined && { outputSchema: outputSchema as never }),
    ...(title !== undefined && { title }),
    ...(description !== undefined && { description }),
    ...(annotations !== undefined && { annotations }),
    ...(_meta !== undefined && { _meta }),
  }
  server.registerTool(name, config, ((input: unknown, extra: Extra) =>
    answer(guarded, input, ownContext(extra))) as never)
}

/**
 * Refuses calls that ask to run as tasks. The SDK would run the tool, and then report its result as a malformed task.
 * The client would get an error and call again.
 * @see
 *   {@link https://modelcontextprotocol.io/specification/2025-11-25/basic/utilities/tasks#tool-level-negotiation | MCP, Tasks}
 */
function refuseTasks({ server }: McpServer, guarded: object): void {
  aroundHandler<CallToolRequest, Extra, unknown>(server, 'tools/call', async (call, request, extra) => {
    const { name, task } = request.params
    if (task === undefined || !Object.hasOwn(guarded, name)) return call(request, extra)
    throw new McpError(ErrorCode.MethodNotFound, 'this tool does not run as a task: call it without `task`')
  })
}

async function answer(guarded: GuardedTool, input: unknown, extra: Extra): Promise<CallToolResult> {
  const { rules } = guarded
  reportMissingScopes(guarded, extra)
  const ended = await callTool(guarded, {
    identity: identityOf(extra),
    slot: crypto.randomUUID(),
    input,
    signal: extra.signal,
    contextWith: (redact) => toolContext(extra, redact),
    takesInput: false,
    isResult: (result) => CallToolResultSchema.safeParse(result).success,
    waitSeconds: (interrupt) =>
      pageFor(guarded, interrupt) === undefined ? (rules.waitSeconds ?? DEFAULT_WAIT_SECONDS) : 0,
  })
  if (ended.kind === 'result') return ended.result as CallToolResult
  if (ended.kind === 'input_required') throw new TypeError('a server of the v1 SDK has no such result')
  const { interrupt } = ended
  const page = pageFor(guarded, interrupt)
  if (page === undefined) return waitingResult(interrupt) as CallToolResult
  throw new UrlElicitationRequiredError([
    { mode: 'url', elicitationId: interrupt.id, url: page, message: interrupt.message },
  ])
}
