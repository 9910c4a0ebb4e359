import type { Slot } from '@behalf/core'
import { tools } from '@behalf/example-stock-agent'
import {
  type ResumableAgent,
  type StockAgentOptions,
  type ToolCall,
  type Turn,
  type WatchedGuard,
  watchGuard,
} from '@behalf/example-stock-agent/demo'
import { interruptsOf, restoreRun, resumeWhenResolved, saveRun, toOpenAiTools } from '@behalf/openai-agents'
import { Agent, type AgentInputItem, type Model, Runner, type RunState, user } from '@openai/agents'
import type { Conversations } from './conversation-files.ts'
import { repeatingModel, scriptedModel } from './scripted-model.ts'

export interface OpenAiAgentOptions extends StockAgentOptions {
  readonly conversations: Conversations
  /** A real model. @default the scripted planner */
  readonly model?: Model | undefined
}

const runner = new Runner({ tracingDisabled: true })

type State = RunState<unknown, Agent>

/** Start of a turn: with the model, with a saved run that waits, or with a repeated call. */
type Beginning =
  | { readonly kind: 'prompt'; readonly text: string }
  | { readonly kind: 'continue' }
  | { readonly kind: 'repeat'; readonly call: ToolCall }

/** The stock agent on OpenAI Agents: only files with the history and saved runs are stored between two requests. */
export function createOpenAiAgent(options: OpenAiAgentOptions): ResumableAgent {
  return {
    ask: (text) => converse(options, { kind: 'prompt', text }),
    goOn: () => converse(options, { kind: 'continue' }),
    retry: (call) => converse(options, { kind: 'repeat', call }),
  }
}

/** Returns the framework's id of a call. The adapter puts the run's id before it. */
const idOf = (slot: Slot) => [slot].flat().join('/').split('/').at(-1) ?? ''

/** Begins, waits for the person, and continues, until no call waits or the agent leaves. */
async function converse(options: OpenAiAgentOptions, beginning: Beginning): Promise<Turn> {
  const { guard, identity, threadId, waitForPerson, conversations } = options
  // Each user has a separate conversation. In a shared one, the guard would keep users apart too.
  const name = `${threadId} of ${identity?.kind === 'user' ? identity.subject : 'no user'}`
  const { history, saved } = conversations.read(name)
  const trader = new Trader(options)
  let state = await trader.begin(beginning, history, saved)
  while (state !== undefined) {
    const [waiting] = interruptsOf(state)
    if (waiting === undefined) break
    trader.answer = waiting.interrupt.message
    const isQuestion = waiting.interrupt.kind === 'approval_pending'
    if (!isQuestion || identity === undefined || (await waitForPerson(waiting.interrupt)) === 'leave') break
    const { status } = await resumeWhenResolved(state, { guard, identity, threadId })
    if (status === 'resolved') state = await trader.run(state)
  }
  if (beginning.kind !== 'repeat' && state !== undefined) {
    const isWaiting = state.getInterruptions().length > 0
    conversations.save(name, isWaiting ? { history, saved: saveRun(state) } : { history: state.history })
  }
  const { answer, watched } = trader
  const call = watched.call()
  const prompt = beginning.kind === 'prompt' ? beginning.text : ''
  return { prompt, answer, outcomes: watched.outcomes, ...(call && { call }) }
}

/** The agent of one request. */
class Trader {
  answer = ''
  readonly watched: WatchedGuard
  readonly #agent: Agent
  readonly #conversations: Conversations

  constructor(options: OpenAiAgentOptions) {
    const { guard, identity, threadId, onCall, planner, portfolio } = options
    this.watched = watchGuard(guard, idOf, onCall)
    this.#conversations = options.conversations
    this.#agent = new Agent({
      name: 'trader',
      instructions: `You trade shares for the user. Their own portfolio is ${portfolio ?? 'unknown'}.`,
      model: options.model ?? scriptedModel(planner, portfolio),
      tools: toOpenAiTools(this.watched.guard, tools, { identity, threadId }),
    })
  }

  async begin(beginning: Beginning, history: readonly AgentInputItem[], saved: string | undefined) {
    if (beginning.kind === 'repeat') return this.#again(beginning.call)
    // A run that waits is not replaced by another one.
    if (saved !== undefined) return restoreRun(this.#agent, saved)
    return beginning.kind === 'prompt' ? this.run([...history, user(beginning.text)]) : undefined
  }

  /** Runs the agent, stores the answer, and keeps the run as a backup of its calls. */
  async run(input: State | AgentInputItem[], agent = this.#agent, context?: unknown): Promise<State> {
    const result = await runner.run<Agent, unknown>(agent, input, { context })
    const waiting = interruptsOf(result)
    if (waiting.length === 0) this.answer = String(result.finalOutput ?? '')
    for (const item of result.newItems) {
      if (item.rawItem?.type === 'function_call') this.#conversations.keepBackup(item.rawItem.callId, saveRun(result))
    }
    return result.state
  }

  /** Repeats a call within its run, as if that run were restored from a backup. */
  async #again(call: ToolCall): Promise<State> {
    const { _context } = await restoreRun(this.#agent, this.#conversations.backup(call.id))
    return this.run([user('(again)')], this.#agent.clone({ model: repeatingModel(call) }), _context)
  }
}
