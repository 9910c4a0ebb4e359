import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createSdkMcpServer, type Options, type SDKMessage, tool } from '@anthropic-ai/claude-agent-sdk'
import type { AdapterReport, AdapterSubject, AdapterTurn, ContractTool } from '@behalf/testing/contract'
import {
  type AnyTool,
  type GuardedTools,
  guardTools,
  interruptsOf,
  type PendingCall,
  queryWith,
  resumeWhenResolved,
} from '../src/index.ts'
import { isolated, ScriptedModel, serve } from './model-server.ts'
import { standIn } from './stand-in.ts'

/** With the CLI itself, nightly. By default a stand-in speaks its side of the protocol. */
export const withCli = process.env.BEHALF_CLI === 'real'

type Result = Awaited<ReturnType<AnyTool['handler']>>

/** Forms in which a tool of the SDK may answer. */
const forms: Readonly<Record<string, (text: string) => Result>> = {
  'structured content': (text) => ({ content: [{ type: 'text', text }], structuredContent: { text } }),
  'an embedded resource': (text) => ({
    content: [{ type: 'resource', resource: { uri: 'file:///a.txt', mimeType: 'text/plain', text } }],
  }),
  'an instance of a class': (text) =>
    new (class {
      toJSON() {
        return { content: [{ type: 'text', text }] }
      }
    })() as unknown as Result,
}

/** The SDK as an app uses it: the CLI's session, and the calls that wait in a file. One request makes all again. */
export const subject: AdapterSubject = {
  forms: Object.keys(forms),
  nestedCalls: true,
  randomDefaults: true,
  toolTimeouts: true,
  async turn(turn) {
    const { start, guard, identity, directory, threadId } = turn
    const plain = new Set(turn.plainTools.map(({ name }) => name))
    const model = new ScriptedModel(turn.model, (name) => `mcp__${plain.has(name) ? 'plain' : 'behalf'}__${name}`)
    const file = join(directory, `${threadId}.json`)
    const kept: Kept = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { pending: [] }
    const report = (over: Partial<AdapterReport>, pending = kept.pending): AdapterReport => ({
      ended: 'not_resumed',
      text: '',
      interrupts: pending.map(({ interrupt }) => interrupt),
      model: { requests: model.requests, saw: model.saw, offered: model.offered.map(plainName) },
      browser: '',
      replayed: [],
      ...over,
    })
    if (start.kind === 'resume') {
      if (identity === undefined) return report({})
      const { status } = await resumeWhenResolved(kept.pending, { guard, identity })
      if (status !== 'resolved') return report({})
    }
    const { guarded, mcpServers } = toolsOf(turn, kept.pending)
    const went = await go(turn, guarded, mcpServers, { model, resume: kept.resume })
    const pending = interruptsOf(guarded)
    writeFileSync(file, JSON.stringify({ resume: sessionOf(threadId), pending } satisfies Kept))
    const ended = went.error !== undefined ? 'rejected' : pending.length > 0 ? 'paused' : 'answered'
    return report({ ...went, ended }, pending)
  },
}

interface Kept {
  /** The CLI's session, once there is one. */
  readonly resume?: string
  readonly pending: readonly PendingCall[]
}

const plainName = (name: string): string => name.split('__').at(-1) ?? name

/** The same session id in each process and folder, so that nothing else than it keeps calls apart. */
const sessionOf = (threadId: string): string => {
  const hash = createHash('sha256').update(threadId).digest('hex')
  return `00000000-0000-4000-8000-${hash.slice(0, 12)}`
}

async function go(
  { start, directory, threadId, stream, signal, toolTimeoutMs }: AdapterTurn,
  guarded: GuardedTools,
  mcpServers: NonNullable<Options['mcpServers']>,
  { model, resume }: { readonly model: ScriptedModel; readonly resume: string | undefined },
): Promise<Pick<AdapterReport, 'text' | 'browser' | 'replayed'> & { readonly error?: unknown }> {
  const cwd = join(directory, 'work')
  mkdirSync(cwd, { recursive: true })
  const served = await serve(model)
  const abortController = new AbortController()
  const messages: SDKMessage[] = []
  const isForged = start.kind === 'forge'
  const running = queryWith(guarded, {
    prompt: start.kind === 'prompt' ? start.text : 'Go on.',
    options: {
      ...(resume === undefined ? { sessionId: sessionOf(threadId) } : { resume }),
      abortController,
      cwd,
      env: {
        ...isolated(served.url, directory),
        ...(toolTimeoutMs !== undefined && { MCP_TOOL_TIMEOUT: String(toolTimeoutMs) }),
      },
      settingSources: [],
      tools: [],
      allowedTools: ['mcp__plain'],
      model: 'claude-sonnet-4-5',
      includePartialMessages: stream,
      mcpServers,
      ...(!withCli && { spawnClaudeCodeProcess: standIn }),
      ...(isForged && {
        hooks: { PreToolUse: [{ hooks: [allowAll] }] },
        canUseTool: async (_, updatedInput) => ({ behavior: 'allow', updatedInput }),
      }),
    },
  })
  // First the turn, and then the process: by its end alone, the CLI may ask the model once more.
  signal?.addEventListener('abort', () => void running.interrupt().finally(() => abortController.abort()))
  let text = ''
  try {
    for await (const message of running) {
      messages.push(message)
      if (message.type === 'result' && message.subtype === 'success') text = message.result
    }
  } catch (error) {
    return { text, browser: JSON.stringify(messages), replayed: replaysIn(messages), error }
  } finally {
    served.close()
  }
  return { text, browser: JSON.stringify(messages), replayed: replaysIn(messages) }
}

/** Claude Code hands the whole result of a tool to the app beside what the model reads. */
const replaysIn = (messages: readonly SDKMessage[]): number[] =>
  messages.flatMap((message) => {
    const { _meta } = (message.type === 'user' ? Object(message.tool_use_result) : {}) as Result
    const replays = (_meta?.['behalf/replayed'] ?? []) as readonly { readonly ranAt: number }[]
    return replays.map(({ ranAt }) => ranAt)
  })

const allowAll = async () => ({
  hookSpecificOutput: { hookEventName: 'PreToolUse', permissionDecision: 'allow' } as const,
})

function toolsOf(turn: AdapterTurn, pending: readonly PendingCall[]) {
  const { guard, identity, policies, onError } = turn
  const called: Call = (name, input, extra) => {
    const one = guarded.tools.find((each) => each.name === name)
    return one === undefined ? Promise.reject(new Error(`no tool ${name}`)) : one.handler(input as never, { ...extra })
  }
  const made = turn.tools.map((one): [string, AnyTool] => [one.name, toolOf(one, called, turn.form)])
  const guarded: GuardedTools = guardTools(Object.fromEntries(made), {
    guard,
    identity,
    policies: policies as never,
    pending,
    onError,
  })
  const plain = turn.plainTools.map((one) => toolOf(one, called))
  const mcpServers = {
    ...(plain.length > 0 && { plain: createSdkMcpServer({ name: 'plain', tools: plain, alwaysLoad: true }) }),
  }
  return { guarded, mcpServers }
}

type Extra = { readonly signal?: AbortSignal }

/** Calls a guarded tool from the body of another one, with a copy of what that was handed. */
type Call = (name: string, input: unknown, extra: Extra) => Promise<unknown>

function toolOf({ name, description, inputSchema, execute }: ContractTool, called: Call, form?: string): AnyTool {
  const { shape } = inputSchema as unknown as { readonly shape: AnyTool['inputSchema'] }
  return tool(name, description, shape, async (input, given) => {
    const extra = given as Extra
    const result = await execute(input as never, {
      signal: extra.signal,
      call: (other, args) => called(other, args, extra),
    })
    const text = typeof result === 'string' ? result : (JSON.stringify(result) ?? '')
    return forms[form ?? '']?.(text) ?? { content: [{ type: 'text', text }] }
  })
}
