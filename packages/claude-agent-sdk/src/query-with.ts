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
import type { GuardedTools } from './guard-tools-options.ts'

/** Arguments of the framework's `query`. */
export interface QueryArguments {
  /** The user's text, or a stream of user messages that the app sends. */
  readonly prompt: string | AsyncIterable<SDKUserMessage>
  /** May hold hooks and MCP servers of the app. They are kept. */
  readonly options?: Options
}

/**
 * Calls `query` with guarded tools, for a new session and for one that is resumed.
 *
 * A resumed session first answers `tool_deferred_unavailable`, before its tools are connected. The framework may then
 * close its input, and then the hook and the tool of the deferred call are not called. This function leaves that answer
 * out, and keeps the input open until the call has run. If `prompt` is not a text, the app must keep it open until a
 * result comes.
 *
 * With `builtIn`, it adds `settings.disableAllHooks`: hooks of settings files, plugins and skills could run commands
 * that no policy saw, and change arguments after an approval. Hooks of `options` are called as before. It also adds an
 * empty `CLAUDE_CODE_SIMPLE` to `settings.env`, so that no settings file turns off all hooks. The default of
 * `settingSources` is then `[]`. If one value is invalid, Claude Code drops all of `settings`, also these. Then the
 * query ends with an error, and no prompt is sent.
 * @throws ConfigurationError The guarded tools served a query before. Claude Code is in the mode that calls no hooks.
 *   With `builtIn`, `settings` is the path of a file. When the query is read: with `builtIn`, `settings` has an invalid
 *   value.
 */
export function queryWith(guarded: GuardedTools, { prompt, options: given = {} }: QueryArguments): Query {
  const { mcpServers, hooks } = guarded
  const isStrict = hooks.PreSkillShellCommand !== undefined
  refuseWithoutHooks(given)
  const options = isStrict ? withoutOtherHooks(given) : given
  if (used.has(hooks)) throw new ConfigurationError('queryWith.guarded', 'served a query before: make the tools again')
  used.add(hooks)
  const merged = { ...options.hooks }
  for (const [event, own] of Object.entries(hooks) as [HookEvent, HookCallbackMatcher[]][]) {
    merged[event] = [...(merged[event] ?? []), ...own]
  }
  const { promise: ended, resolve: end } = Promise.withResolvers<void>()
  const sending: Sending = { end, refused: undefined }
  async function* sent(): AsyncGenerator<SDKUserMessage> {
    if (isStrict) sending.refused = await invalidSettings(run, options.settings as Settings)
    if (sending.refused !== undefined) return run.close()
    if (typeof prompt !== 'string') return yield* prompt
    yield { type: 'user', message: { role: 'user', content: prompt }, parent_tool_use_id: null }
    await ended
  }
  const run = query({
    prompt: sent(),
    options: { ...options, mcpServers: { ...options.mcpServers, ...mcpServers }, hooks: merged },
  })
  const messages = received(run, sending)
  void messages.next()
  return new Proxy(run, {
    get(target, key) {
      const owner: object = key in messages ? messages : target
      const member: unknown = Reflect.get(owner, key)
      return typeof member === 'function' ? member.bind(owner) : member
    },
  })
}

/** Each `query` has its own session, waiting calls and server. */
const used = new WeakSet<GuardedTools['hooks']>()

/** Refuses the bare mode, in which Claude Code calls no hooks. */
function refuseWithoutHooks({ extraArgs = {}, executableArgs = [], env = process.env, settings }: Options): void {
  const isBare = [env, typeof settings === 'object' ? settings.env : undefined].some(
    (each) => !['', '0', 'false', 'no', 'off'].includes(each?.CLAUDE_CODE_SIMPLE ?? ''),
  )
  // The SDK also passes flags without a value. Flags of the executable go to Claude Code itself.
  if (!isBare && !('bare' in extraArgs) && !executableArgs.includes('--bare')) return
  const problem = 'has --bare or CLAUDE_CODE_SIMPLE, so no hook is called: leave it out'
  throw new ConfigurationError('queryWith.options', problem)
}

/** Turns off the hooks of settings files, reads only the sources that `options` names, and keeps the bare mode off. */
function withoutOtherHooks(options: Options): Options {
  const { settings, settingSources = [], managedSettings } = options
  if (typeof settings === 'string') {
    const problem = 'is a text: give an object, so that hooks can be turned off'
    throw new ConfigurationError('queryWith.options.settings', problem)
  }
  const own = (plainCopy(settings) ?? {}) as Settings
  const disableAllHooks = own.disableAllHooks ?? true
  return {
    ...options,
    settingSources,
    // Settings files may also set the variable. These settings override them.
    settings: { ...own, disableAllHooks, env: { ...own.env, CLAUDE_CODE_SIMPLE: '' } },
    // This also works if `settings` are dropped, and from the start of Claude Code.
    ...(disableAllHooks && { managedSettings: { disableAllHooks, ...managedSettings } }),
  }
}

/** Settings that are not given again. At the start, `options` override them; later they would override `options`. */
const ofSession = ['model', 'effortLevel', 'agent', 'ultracode']

/** Asks Claude Code whether these settings are valid. With an invalid one, it starts all the same and drops all. */
async function invalidSettings(run: Query, settings: Settings): Promise<ConfigurationError | undefined> {
  try {
    const asked = Object.entries(settings).filter(([key]) => !ofSession.includes(key))
    await run.applyFlagSettings(Object.fromEntries(asked))
    return undefined
  } catch (error) {
    return new ConfigurationError('queryWith.options.settings', `are refused by Claude Code: ${String(error)}`)
  }
}

/** The input of a query. */
interface Sending {
  /** Ends the input if the prompt is a text. */
  readonly end: () => void
  /** Reason why no prompt was sent. */
  refused: ConfigurationError | undefined
}

/** Leaves out the first answer of a resumed session, and ends the input with the last one. */
async function* received(run: Query, sending: Sending): AsyncGenerator<SDKMessage, void> {
  let isFirst = true
  try {
    // Taken at once, so that the input also ends if the app ends the query before it reads.
    yield undefined as never
    for await (const message of run) {
      if (message.type === 'result') {
        const isEarly = isFirst && message.terminal_reason === 'tool_deferred_unavailable'
        isFirst = false
        if (isEarly) continue
        if ((message.queued_turn_count ?? 0) === 0) sending.end()
      }
      yield message
    }
  } catch (error) {
    // Claude Code reports only that the query was aborted.
    throw sending.refused ?? error
  } finally {
    sending.end()
  }
  if (sending.refused !== undefined) throw sending.refused
}
