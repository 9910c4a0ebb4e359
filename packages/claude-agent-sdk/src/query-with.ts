import {
  type HookCallbackMatcher,
  type HookEvent,
  type Options,
  type Query,
  query,
  type SDKMessage,
  type SDKUserMessage,
  type Settings,
} from '@anthropic-ai/claude-agent-sdk'
import { ConfigurationError } from '@behalf/core'
import { plainCopy } from '@behalf/core/spi'
import type { GuardedTools } from './guarded-tools.ts'

/** Arguments of the framework's `query`. */
export interface QueryArguments {
  /** The user's words, or messages of the user that the app sends as it likes. */
  readonly prompt: string | AsyncIterable<SDKUserMessage>
  /** May hold hooks and MCP servers of the app. They are kept. */
  readonly options?: Options
}

/**
 * Calls `query` with guarded tools, for a new session and for one that is resumed.
 *
 * A resumed session first answers `tool_deferred_unavailable`, before its tools are connected. The framework may then
 * close its input, and hook and tool of the deferred call are not heard. This function leaves that answer out, and
 * keeps the input open until the call has run. If `prompt` is not a text, the app must keep it open until a result
 * comes with another `terminal_reason`.
 *
 * With `builtIn`, it adds `settings.disableAllHooks`: hooks of settings files, plugins and skills could run commands that
 * no policy saw, and change arguments after an approval. Hooks of `options` are called as before. It also adds an empty
 * `CLAUDE_CODE_SIMPLE` to `settings.env`, so that no settings file turns off all hooks. The default of `settingSources` is
 * then `[]`. For one invalid value, Claude Code drops all of `settings`, these too: then the query ends with an error, and
 * no prompt is sent.
 * @throws ConfigurationError The guarded tools served a query before; the mode of Claude Code that calls no hooks; with
 *   `builtIn`, `settings` as the path of a file. When the query is read: with `builtIn`, `settings` with an invalid value.
 */
export function queryWith(guarded: GuardedTools, { prompt, options: given = {} }: QueryArguments): Query {
  const { mcpServers, hooks } = guarded
  const options = withoutOtherHooks(hooks, given)
  if (used.has(hooks)) throw new ConfigurationError('queryWith.guarded', 'served a query before: make the tools again')
  used.add(hooks)
  const input = typeof prompt === 'string' ? heldOpen(prompt) : undefined
  const merged = { ...options.hooks }
  for (const [event, own] of Object.entries(hooks) as [HookEvent, HookCallbackMatcher[]][]) {
    merged[event] = [...(merged[event] ?? []), ...own]
  }
  const from = input?.messages ?? (prompt as AsyncIterable<SDKUserMessage>)
  const state: { refused: ConfigurationError | undefined } = { refused: undefined }
  const run = query({
    prompt: hooks.PreSkillShellCommand === undefined ? from : sent(),
    options: { ...options, mcpServers: { ...options.mcpServers, ...mcpServers }, hooks: merged },
  })
  async function* sent(): AsyncGenerator<SDKUserMessage> {
    state.refused = await invalidSettings(run, options.settings as Settings)
    if (state.refused === undefined) yield* from
    else run.close()
  }
  const read = orRefused(input === undefined ? run : untilAnswered(run, input.end), state)
  return new Proxy(run, {
    get(target, key) {
      const owner: object = key in read ? read : target
      const member: unknown = Reflect.get(owner, key)
      return typeof member === 'function' ? member.bind(owner) : member
    },
  })
}

/** Each `query` has its own session, waiting calls and server. */
const used = new WeakSet<GuardedTools['hooks']>()

/**
 * Refuses the bare mode, in which Claude Code calls no hooks. With `builtIn`, also turns off hooks of files, reads no
 * settings unasked, and lets none of them turn that mode on.
 */
function withoutOtherHooks(hooks: GuardedTools['hooks'], options: Options): Options {
  const { extraArgs = {}, executableArgs = [], env = process.env, settings } = options
  const isBare = [env, typeof settings === 'object' ? settings.env : undefined].some(
    (each) => !['', '0', 'false', 'no', 'off'].includes(each?.CLAUDE_CODE_SIMPLE ?? ''),
  )
  // The SDK passes a flag without a value, too, and those of the executable go to Claude Code itself.
  if (isBare || 'bare' in extraArgs || executableArgs.includes('--bare')) {
    throw new ConfigurationError(
      'queryWith.options',
      'has --bare or CLAUDE_CODE_SIMPLE, so no hook is called: leave it out',
    )
  }
  if (hooks.PreSkillShellCommand === undefined) return options
  if (typeof settings === 'string') {
    throw new ConfigurationError(
      'queryWith.options.settings',
      'is a text: give an object, so that hooks can be turned off',
    )
  }
  const own = (plainCopy(settings) ?? {}) as Settings
  const disableAllHooks = own.disableAllHooks ?? true
  return {
    ...options,
    settingSources: options.settingSources ?? [],
    // Settings files may set the variable as well; these settings count more.
    settings: { ...own, disableAllHooks, env: { ...own.env, CLAUDE_CODE_SIMPLE: '' } },
    // Counts also where `settings` are dropped, from the start of Claude Code.
    ...(disableAllHooks && { managedSettings: { disableAllHooks, ...options.managedSettings } }),
  }
}

/** Settings that, given again, would change more than they did at the start: `options` count more then. */
const ofSession = ['model', 'effortLevel', 'agent', 'ultracode']

/** Asks Claude Code whether it takes these settings. It starts with invalid ones, and drops them all. */
async function invalidSettings(run: Query, settings: Settings): Promise<ConfigurationError | undefined> {
  try {
    await run.applyFlagSettings(
      Object.fromEntries(Object.entries(settings).filter(([key]) => !ofSession.includes(key))),
    )
    return undefined
  } catch (error) {
    return new ConfigurationError('queryWith.options.settings', `are not taken by Claude Code: ${String(error)}`)
  }
}

/** Ends with the reason for which no prompt was sent. Claude Code tells only that the query was aborted. */
async function* orRefused(
  messages: AsyncGenerator<SDKMessage, void>,
  state: { readonly refused: ConfigurationError | undefined },
): AsyncGenerator<SDKMessage, void> {
  try {
    yield* messages
  } catch (error) {
    throw state.refused ?? error
  }
  if (state.refused !== undefined) throw state.refused
}

/** Leaves out the first answer of a resumed session, and ends the input with the last one. */
async function* untilAnswered(run: Query, end: () => void): AsyncGenerator<SDKMessage, void> {
  let isFirst = true
  try {
    for await (const message of run) {
      if (message.type === 'result') {
        const isEarly = isFirst && message.terminal_reason === 'tool_deferred_unavailable'
        isFirst = false
        if (isEarly) continue
        if ((message.queued_turn_count ?? 0) === 0) end()
      }
      yield message
    }
  } finally {
    end()
  }
}

/** Makes a prompt of one message that stays open. */
function heldOpen(text: string) {
  let end = (): void => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  async function* messages(): AsyncGenerator<SDKUserMessage> {
    yield { type: 'user', message: { role: 'user', content: text }, parent_tool_use_id: null }
    await ended
  }
  return { messages: messages(), end }
}
