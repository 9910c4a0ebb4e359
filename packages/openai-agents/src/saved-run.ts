import { ConfigurationError, type Interrupt } from '@behalf/core'
import { parseInterrupt } from '@behalf/core/interrupts'
import { type Agent, RunState } from '@openai/agents'
import { findingKey, restoredRun, runOf } from './call-context.ts'
import { callOf, type PausedRun, pendingItems, stateOf } from './interrupts-of.ts'

type Fields = Readonly<Record<string, unknown>>

/** The context of an agent's runs. */
// biome-ignore lint/suspicious/noExplicitAny: as in AnyRunState.
export type ContextOf<Starting> = Starting extends Agent<infer Context, any> ? Context : unknown

/** Content of the text of {@link saveRun}. */
interface SavedRun {
  readonly v: 1
  readonly run: string
  readonly interrupts: readonly (readonly [key: string, interrupt: Interrupt])[]
  readonly state: Fields
}

/**
 * Returns a run as text, for {@link restoreRun} in this or another process. Use it in place of `state.toString()`, which
 * drops the interrupts, and writes the context of the run as plain text: tokens that an app keeps there too.
 *
 * The context is left out. The text holds the conversation, so store it as you store that.
 */
export function saveRun(run: PausedRun): string {
  const state = stateOf(run)
  const interrupts = pendingItems(state).map(({ item, interrupt }) => {
    const call = callOf(item)
    return [findingKey(interrupt.tool, call?.callId, call?.input), interrupt] as const
  })
  const saved: SavedRun = {
    v: 1,
    run: runOf(state._context).id,
    interrupts,
    state: withoutContext(state.toJSON() as Fields),
  }
  return JSON.stringify(saved)
}

/**
 * Restores a run that {@link saveRun} saved, with the context of this request. Nothing of a stored context is restored.
 *
 * @param agent - The agent with which the run began, with the tools of this request.
 * @param options - `context`: as for `run`. By default the run has an empty context.
 * @throws ConfigurationError `saved` is not what `saveRun` returned.
 */
// biome-ignore lint/suspicious/noExplicitAny: as in AnyRunState.
export async function restoreRun<Starting extends Agent<any, any>>(
  agent: Starting,
  saved: string,
  { context }: { readonly context?: ContextOf<Starting> } = {},
): Promise<RunState<ContextOf<Starting>, Starting>> {
  const { run, interrupts, state } = readSaved(saved)
  const restored = await RunState.fromString<ContextOf<Starting>, Starting>(agent, JSON.stringify(state))
  restored._context.context = context ?? ({} as ContextOf<Starting>)
  const { findings } = restoredRun(restored._context, run)
  for (const [key, interrupt] of interrupts) findings.set(key, { interrupt })
  return restored
}

function readSaved(saved: string): SavedRun {
  try {
    const { v, run, interrupts, state }: SavedRun = JSON.parse(saved)
    if (v === 1 && typeof run === 'string') {
      return { v, run, interrupts: interrupts.flatMap(readInterrupt), state: withoutContext(state) }
    }
  } catch {
    // An invalid text is refused below.
  }
  throw new ConfigurationError('restoreRun.saved', 'give what saveRun returned; state.toString() has no interrupts')
}

function readInterrupt([key, given]: SavedRun['interrupts'][number]): SavedRun['interrupts'] {
  const interrupt = parseInterrupt(given)
  return interrupt === undefined ? [] : [[key, interrupt]]
}

/** Returns the state of a run without its context, and without the contexts of agents that it uses as tools. */
function withoutContext(state: Fields): Fields {
  const { context, pendingAgentToolRuns } = state
  const nested = Object.entries((pendingAgentToolRuns ?? {}) as Readonly<Record<string, string>>)
  return {
    ...state,
    context: { ...(context as Fields), context: {} },
    pendingAgentToolRuns: Object.fromEntries(
      nested.map(([key, text]) => [key, JSON.stringify(withoutContext(JSON.parse(text)))]),
    ),
  }
}
