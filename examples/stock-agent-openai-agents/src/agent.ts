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
import { type Conversations, withArguments } from './conversation-files.ts'
import { scriptedModel } from './scripted-model.ts'

export interface OpenAiAgentOptions extends StockAgentOptions {
  readonly conversations: Conversations
  /** A real model. @default the scripted planner */
  readonly model?: Model | undefined
}

const runner = new Runner({ tracingDisabled: true })

type State = RunState<unknown, Agent>

/** How a turn begins: with the model, or with a saved run that waits or is repeated. */
type Beginning =
  | { readonly kind: 'prompt'; readonly text: string }
  | { readonly kind: 'continue' }
  | { readonly kind: 'repeat'; readonly saved: string }

/** The stock agent on OpenAI Agents: nothing is kept between two requests but files with history and saved runs. */
export function createOpenAiAgent(options: OpenAiAgentOptions): ResumableAgent {
  const { conversations } = options
  return {
    ask: (text) => converse(options, { kind: 'prompt', text }),
    goOn: () => converse(options, { kind: 'continue' }),
    // The backup of the run comes back, as it was saved or with other arguments.
    retry: ({ id, input }: ToolCall) =>
      converse(options, { kind: 'repeat', saved: withArguments(conversations.backup(id), id, input) }),
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
  for (;;) {
    const [waiting] = interruptsOf(state)
    if (waiting === undefined) break
    trader.answer = waiting.interrupt.message
    const isQuestion = waiting.interrupt.kind === 'approval_pending'
    if (!isQuestion || identity === undefined || (await waitForPerson(waiting.interrupt)) === 'leave') break
    const { status } = await resumeWhenResolved(state, { guard, identity, threadId })
    if (status === 'resolved') state = await trader.run(state)
  }
  if (beginning.kind !== 'repeat') {
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

  async begin(beginning: Beginning, history: readonly AgentInputItem[], saved: string | undefined): Promise<State> {
    if (beginning.kind === 'repeat') return this.run(await restoreRun(this.#agent, beginning.saved))
    // A run that waits is not replaced by another one.
    if (saved !== undefined) return restoreRun(this.#agent, saved)
    if (beginning.kind === 'continue') throw new Error('no run waits in this conversation')
    return this.run([...history, user(beginning.text)])
  }

  /** Runs, notes the answer, and keeps a backup of a run that waits. */
  async run(input: State | AgentInputItem[]): Promise<State> {
    const result = await runner.run<Agent, unknown>(this.#agent, input)
    const waiting = interruptsOf(result)
    if (waiting.length === 0) this.answer = String(result.finalOutput ?? '')
    for (const { callId } of waiting) this.#conversations.keepBackup(callId, saveRun(result))
    return result.state
  }
}
