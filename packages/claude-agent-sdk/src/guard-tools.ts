import { createSdkMcpServer } from '@anthropic-ai/claude-agent-sdk'
import { ConfigurationError } from '@behalf/core'
import { bodyOf, withPolicies } from '@behalf/core/spi'
import { guardHandler } from './guard-handler.ts'
import type { AnyTool, GuardedCall, GuardedTools, GuardToolsOptions, PendingCall } from './guard-tools-options.ts'
import { denySkillCommands, postToolUse, preToolUse } from './pre-tool-use.ts'
import type { Request } from './request.ts'

const optionKeys = ['guard', 'policies', 'identity', 'server', 'builtIn', 'pending', 'onError']
const builtInKeys = ['guard', 'policies', 'unguarded']

/** Timeout of a hook, in seconds. A policy may wait for a person for an hour. */
const HOOK_TIMEOUT_SECONDS = 3700

const requests = new WeakMap<object, Request>()

/**
 * Puts the guard before each tool, for one `query`: give `mcpServers` and `hooks` to its options. Schemas, descriptions
 * and annotations stay as they are, and the tools that were passed in are not changed.
 *
 * The hook decides without running: a call that needs a person is deferred, which ends the turn. The tool decides again
 * when it runs, on the arguments that the model wrote. The model reads a refusal as the result of the call; code of
 * another tool gets a `ToolAuthorizationError`.
 *
 * @throws ConfigurationError An unknown option; a tool without a policy, or with one that this guard cannot serve; a
 *   tool under another name, or one that is guarded already; a name that Claude Code would change.
 */
export function guardTools<Tools extends Readonly<Record<string, AnyTool>>>(
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): GuardedTools {
  return guardNamed('guardTools', tools, options)
}

/** Does so for the function that the app called, which errors name. */
export function guardNamed<Tools extends Readonly<Record<string, AnyTool>>>(
  owner: string,
  tools: Tools,
  options: GuardToolsOptions<NoInfer<Tools>>,
): GuardedTools {
  const named = withPolicies(owner, Object.entries<AnyTool>(tools), options, optionKeys)
  const { guard, identity, server = 'behalf', builtIn, pending = [], onError } = options
  demandName(`${owner}.server`, server)
  if (builtIn !== undefined) {
    withPolicies(`${owner}.builtIn`, Object.entries(builtIn.policies), { ...builtIn, guard }, builtInKeys)
  }
  const request: Request = {
    owner,
    guard,
    identity,
    server,
    pending: structuredClone(pending),
    onError,
    calls: new Map(named.map((each) => [each.name, callOf(`${owner}.tools.${each.name}`, each)])),
    seen: new Map(),
    waiting: new Map(),
    deferred: undefined,
  }
  const guarded = named.map(({ name, tool }): AnyTool => {
    const call = request.calls.get(name) as GuardedCall
    return { ...tool, handler: guardHandler(request, call) }
  })
  const after = postToolUse(request)
  const own = builtIn && { policies: { ...builtIn.policies }, unguarded: [...(builtIn.unguarded ?? [])] }
  const made: GuardedTools = {
    mcpServers: { [server]: createSdkMcpServer({ name: server, tools: guarded, alwaysLoad: true }) },
    hooks: {
      PreToolUse: [{ hooks: [preToolUse(request, own)], timeout: HOOK_TIMEOUT_SECONDS, onFailure: 'block' }],
      PostToolUse: [{ hooks: [after] }],
      PostToolUseFailure: [{ hooks: [after] }],
      ...(own && { PreSkillShellCommand: [{ hooks: [denySkillCommands], onFailure: 'block' }] }),
    },
    tools: guarded,
  }
  requests.set(made, request)
  return made
}

/**
 * Lists the guarded calls that wait, for display, and to store for the `query` that resumes the session: give them to its
 * `guardTools`, as `pending`. Call it when `query` has ended.
 *
 * Only reads; sends no request to a person. A client may have changed what it keeps: show an interrupt, but base no
 * decision on it.
 * @throws ConfigurationError Not what `guardTools` returned.
 */
export function interruptsOf(guarded: GuardedTools): readonly PendingCall[] {
  const request = requests.get(guarded)
  if (request === undefined)
    throw new ConfigurationError('interruptsOf.guarded', 'give what guardTools or toClaudeTools returned')
  return [...request.waiting.values()]
}

function callOf(
  at: string,
  { name, tool, policy }: Pick<GuardedCall, 'name' | 'policy'> & { readonly tool: AnyTool },
): GuardedCall {
  demandName(at, name)
  if (tool.name !== name) throw new ConfigurationError(at, `is "${tool.name}" for the model: give it under that name`)
  return { name, policy, own: { handler: bodyOf(at, tool.handler), inputSchema: { ...tool.inputSchema } } }
}

/**
 * Checks a name. Claude Code joins the names of server and tool with two underscores, and replaces other characters.
 */
function demandName(at: string, name: string): void {
  if (/^[\w-]+$/.test(name) && !name.includes('__')) return
  throw new ConfigurationError(at, `"${name}" must be letters, digits, - and _, without two _ in a row`)
}
