import { ConfigurationError, type Interrupt } from '@behalf/core'
import { displayText } from '@behalf/core/interrupts'
import { policiesOf } from '@behalf/core/spi'
import {
  type CallToolResult,
  CLIENT_CAPABILITIES_META_KEY,
  type ClientCapabilities,
  type InputRequiredResult,
  inputRequired,
  isCallToolResult,
  type McpServer,
  type McpServerOptions,
  type RequestStateCodec,
  type ServerContext,
  UrlElicitationRequiredError,
} from '@modelcontextprotocol/server'
import { refuseOtherSdk } from '../guarded-tools/around-handler.ts'
import { identityOf, ownContext, reportMissingScopes } from '../guarded-tools/auth-info.ts'
import { callTool, waitingResult } from '../guarded-tools/call-tool.ts'
import { callerScopesBy, guardedToolsOf, markRegistered } from '../guarded-tools/guarded-tools-of.ts'
import type { GuardedTool, GuardRules, McpTool, PoliciesFor, Schemas, ToolsOf } from '../guarded-tools/mcp-tool.ts'
import { pageFor } from '../guarded-tools/page-of.ts'
import { reportError } from '../guarded-tools/report-error.ts'
import { hiddenFrom, showPermitted } from '../guarded-tools/show-permitted.ts'
import { INTERRUPT_META } from '../guarded-tools/tool-result.ts'
import { listedSchema, rememberingWritten, writtenOf } from './listed-schema.ts'
import { type RequestStateOptions, type RoundState, requestStates, roundOf } from './request-state.ts'
import { toolContext } from './tool-context.ts'

/** Options of {@link guardTools}. */
export interface GuardToolsOptions<S extends Schemas> extends GuardRules {
  /** May hold policies of further tools. */
  readonly policies: PoliciesFor<S>
  /** State with which a waiting call continues in its next round. */
  readonly requestState?: RequestStateOptions
}

/** Guarded tools, to register on each server that the factory makes. */
export interface GuardedTools {
  /** The scopes that the caller's token must have, by tool. Pass it to the gate as `guarded`. */
  readonly callerScopes: ReadonlyMap<string, readonly string[]>
  /** Options for `new McpServer(info, guarded.serverOptions)`: they check the state that clients send back. */
  readonly serverOptions: Pick<McpServerOptions, 'requestState'>
  /**
   * Registers the tools on a server that was made with `serverOptions`.
   * @returns the server
   * @throws ConfigurationError The server does not check the state that clients send back.
   */
  register(server: McpServer): McpServer
}

const DEFAULT_WAIT_SECONDS = 20

/**
 * Puts the guard before each tool of an MCP server.
 *
 * A call acts for the caller that the gate verified, never for a user that a client names. A refusal is an error result
 * with a fixed sentence. A call that needs a person is answered with `input_required` and signed state (revision
 * 2026-07-28). Older clients get a URL elicitation (-32042). If there is no page to open, the call waits, and then gets
 * an error result that says so. The next round is only a wake-up: the guard decides again.
 *
 * @throws ConfigurationError An unknown option, or a tool without a policy or without `execute`.
 */
export function guardTools<const S extends Schemas>(
  tools: ToolsOf<S, ServerContext>,
  options: GuardToolsOptions<NoInfer<S>>,
): GuardedTools {
  return guardNamed('guardTools', tools, options)
}

/** Does so for the function that the app called, which errors name. */
export function guardNamed<const S extends Schemas>(
  owner: string,
  tools: ToolsOf<S, ServerContext>,
  options: GuardToolsOptions<NoInfer<S>>,
): GuardedTools {
  const guarded = guardedToolsOf(owner, tools as unknown as Readonly<Record<string, McpTool>>, options, [
    'requestState',
  ])
  const states = requestStates(`${owner}.requestState`, options.requestState)
  const { guard, list } = options
  const policies = policiesOf(guarded)
  const callerScopes = callerScopesBy(guarded)
  return {
    callerScopes,
    serverOptions: { requestState: { verify: states.verify } },
    register(server) {
      refuseOtherSdk(server, 'v2')
      refuseWithoutCheck(server.server)
      for (const one of guarded) register(server, one, states)
      if (guarded.length > 0 && list !== 'all') {
        const hidden = (context: ServerContext) => hiddenFrom(guard, policies, identityOf(context))
        // The list belongs to one user, whatever the server's `cacheHints` say: a shared cache would give it to others.
        showPermitted<ServerContext>(server, hidden, { cacheScope: 'private' })
      }
      markRegistered(callerScopes)
      return server
    },
  }
}

/** Checks `requestState` in a private field of the SDK. If another version keeps it elsewhere, nothing is checked. */
function refuseWithoutCheck(server: object): void {
  if (!('_requestStateVerify' in server) || server._requestStateVerify !== undefined) return
  throw new ConfigurationError(
    'guarded.register',
    'the server does not check `requestState`: make it by `new McpServer(info, guarded.serverOptions)`',
  )
}

function register(server: McpServer, guarded: GuardedTool, states: RequestStateCodec<RoundState>): void {
  const { name, tool } = guarded
  const { title, description, annotations, _meta } = tool
  server.registerTool(
    name,
    {
      inputSchema: rememberingWritten(listedSchema(tool.inputSchema), (error) => reportError(guarded, error)),
      ...(tool.outputSchema !== undefined && { outputSchema: listedSchema(tool.outputSchema) }),
      ...(title !== undefined && { title }),
      ...(description !== undefined && { description }),
      ...(annotations !== undefined && { annotations }),
      ...(_meta !== undefined && { _meta }),
    },
    (input: unknown, context: ServerContext) => answer(guarded, input, ownContext(context), states),
  )
}

async function answer(
  guarded: GuardedTool,
  input: unknown,
  context: ServerContext,
  states: RequestStateCodec<RoundState>,
): Promise<CallToolResult | InputRequiredResult> {
  const { name, rules } = guarded
  const { mcpReq } = context
  reportMissingScopes(guarded, context)
  const state = roundOf(mcpReq.requestState(), name)
  const slot = state?.slot ?? crypto.randomUUID()
  const declined = wasDeclined(mcpReq.inputResponses)
  const pageTo = (interrupt: Interrupt) => (canOpenPages(context) ? pageFor(guarded, interrupt) : undefined)
  const ended = await callTool(guarded, {
    identity: identityOf(context),
    slot,
    input,
    rawInput: writtenOf(input),
    signal: mcpReq.signal,
    contextWith: (redact) => toolContext(context, state?.own, redact),
    takesInput: true,
    isResult: isCallToolResult,
    // A client that can show a page shows it first, and waits in its next requests.
    waitSeconds: (interrupt) =>
      declined || (!wasAsked(state, interrupt) && pageTo(interrupt) !== undefined)
        ? 0
        : (rules.waitSeconds ?? DEFAULT_WAIT_SECONDS),
  })
  if (ended.kind === 'result') return ended.result
  if (ended.kind === 'input_required') {
    // The body's own state travels within our state, which identifies its run.
    const { requestState: own } = ended.asked
    const requestState = await states.mint({ tool: name, slot, ...(own !== undefined && { own }) }, context)
    return { ...ended.asked, requestState }
  }
  const { interrupt } = ended
  const page = pageTo(interrupt)
  if (mcpReq.envelope === undefined && page !== undefined) {
    throw new UrlElicitationRequiredError([
      { mode: 'url', elicitationId: interrupt.id, url: page, message: displayText(interrupt.message) },
    ])
  }
  // Without a page, a next round helps only if the person answers elsewhere, such as on a phone.
  const mayComeBack = page !== undefined || interrupt.kind === 'approval_pending'
  if (mcpReq.envelope === undefined || !mayComeBack || declined) {
    return waitingResult(interrupt)
  }
  const asked = inputRequired({
    ...(page !== undefined &&
      !wasAsked(state, interrupt) && {
        inputRequests: { [ASK]: inputRequired.elicitUrl({ message: displayText(interrupt.message), url: page }) },
      }),
    requestState: await states.mint({ tool: name, slot, ...(page !== undefined && { asked: interrupt.id }) }, context),
  })
  return { ...asked, _meta: { ...asked._meta, [INTERRUPT_META]: interrupt } }
}

const ASK = 'behalf'

/**
 * Returns whether an earlier round asked the client to open the page of this question, which stays open for a while.
 */
const wasAsked = (state: RoundState | undefined, { kind, id }: Interrupt): boolean =>
  kind === 'approval_pending' && state?.asked === id

function wasDeclined(responses: Readonly<Record<string, unknown>> | undefined): boolean {
  const response = responses?.[ASK]
  if (typeof response !== 'object' || response === null || !('action' in response)) return false
  return response.action === 'decline' || response.action === 'cancel'
}

/**
 * Returns whether the client can open a page for the user. Older clients announce that when they connect, which a
 * stateless server does not see. A client that cannot gets an error that it can show.
 */
function canOpenPages({ mcpReq }: ServerContext): boolean {
  if (mcpReq.envelope === undefined) return true
  const envelope: { readonly [CLIENT_CAPABILITIES_META_KEY]?: ClientCapabilities } = mcpReq.envelope
  return envelope[CLIENT_CAPABILITIES_META_KEY]?.elicitation?.url !== undefined
}
