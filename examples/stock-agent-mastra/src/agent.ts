import type { Interrupt, Slot } from '@behalf/core'
import { tools } from '@behalf/example-stock-agent'
import {
  answerOf,
  type ResumableAgent,
  type StockAgentOptions,
  type ToolCall,
  type Turn,
  type WatchedGuard,
  watchGuard,
} from '@behalf/example-stock-agent/demo'
import { interruptsOf, type MastraTools, resumeWhenResolved, toMastraTools } from '@behalf/mastra'
import { Agent } from '@mastra/core/agent'
import type { MastraModelConfig } from '@mastra/core/llm'
import { Mastra } from '@mastra/core/mastra'
import { LibSQLStore } from '@mastra/libsql'
import { scriptedModel } from './scripted-model.ts'

export interface MastraAgentOptions extends StockAgentOptions {
  /** Path of the SQLite file in which Mastra keeps its runs. */
  readonly file: string
  /** A real model. @default the scripted planner */
  readonly model?: MastraModelConfig | undefined
}

/** Makes the stock agent on Mastra. Between two requests, only Mastra's storage keeps state. */
export function createMastraAgent(options: MastraAgentOptions): ResumableAgent {
  const take = async (prompt: string, begin: (conversation: Conversation) => Promise<string>): Promise<Turn> => {
    const watched = watchGuard(options.guard, idOf, options.onCall)
    const answer = await begin(new Conversation(options, watched))
    const call = watched.call()
    return { prompt, answer, outcomes: watched.outcomes, ...(call && { call }) }
  }
  return {
    ask: (prompt) => take(prompt, (conversation) => conversation.ask(prompt)),
    goOn: () => take('', (conversation) => conversation.goOn('')),
    retry: (call) => take('', (conversation) => conversation.again(call)),
  }
}

/** Returns the id: it names Mastra's run, and the call in it. */
const idOf = (slot: Slot) => [slot].flat().join(' ')

class Conversation {
  readonly #options: MastraAgentOptions
  readonly #watched: WatchedGuard
  readonly #tools: MastraTools<typeof tools>
  readonly #agent: Agent
  readonly #memory: { readonly thread: string; readonly resource: string }

  constructor(options: MastraAgentOptions, watched: WatchedGuard) {
    const { identity, threadId, planner, portfolio, file } = options
    this.#options = options
    this.#watched = watched
    this.#tools = toMastraTools(watched.guard, tools, { identity })
    this.#memory = { thread: threadId, resource: identity?.kind === 'user' ? identity.subject : 'no user' }
    const trader = new Agent({
      id: 'trader',
      name: 'trader',
      instructions: `You trade shares for the user. Their own portfolio is ${portfolio ?? 'unknown'}.`,
      model: options.model ?? scriptedModel(planner, portfolio),
      tools: this.#tools,
    })
    const storage = new LibSQLStore({ id: 'storage', url: `file:${file}` })
    this.#agent = new Mastra({ agents: { trader }, storage, logger: false }).getAgent('trader')
  }

  async ask(prompt: string): Promise<string> {
    const stream = await this.#agent.stream(prompt, { memory: this.#memory })
    return this.goOn(await textOf(stream))
  }

  /** Waits for the person, and continues, until no call waits or the agent leaves. */
  async goOn(answer: string): Promise<string> {
    const { guard, identity, waitForPerson } = this.#options
    let said = answer
    for (;;) {
      const suspended = await this.#agent.listSuspendedRuns({
        threadId: this.#memory.thread,
        resourceId: this.#memory.resource,
      })
      const [waiting] = interruptsOf(suspended)
      if (waiting === undefined) return said
      if (identity === undefined || (await this.#leaves(waiting.interrupt, waitForPerson)))
        return waiting.interrupt.message
      const { resumptions } = await resumeWhenResolved(suspended, { guard, identity })
      for (const { resumeData, ...which } of resumptions) {
        said = await textOf(await this.#agent.resumeStream(resumeData, { ...which, memory: this.#memory }))
      }
    }
  }

  /** Repeats a step as Mastra's engine does: the same tool, in the context of the same run and call. */
  async again({ id, tool, input }: ToolCall): Promise<string> {
    const [runId, toolCallId] = id.split(' ')
    for (;;) {
      let waiting: Interrupt | undefined
      const suspend = async (payload: unknown) => {
        waiting = payload as Interrupt
      }
      const agent = { agentId: 'trader', toolCallId, messages: [], suspend }
      const failed = await this.#tools[tool]
        .execute?.(input as never, { runId, agent, writer: { name: tool } } as never)
        .then(() => undefined)
        .catch((error: Error) => error)
      if (failed !== undefined) return `That was not done. ${failed.message}`
      const outcome = this.#watched.outcomes.at(-1)
      if (waiting === undefined) return outcome === undefined ? '' : answerOf(tool, outcome)
      if (await this.#leaves(waiting, this.#options.waitForPerson)) return waiting.message
    }
  }

  async #leaves(interrupt: Interrupt, wait: StockAgentOptions['waitForPerson']): Promise<boolean> {
    return interrupt.kind !== 'approval_pending' || (await wait(interrupt)) === 'leave'
  }
}

async function textOf(stream: {
  readonly fullStream: AsyncIterable<unknown>
  readonly text: Promise<string>
}): Promise<string> {
  for await (const _ of stream.fullStream);
  return stream.text
}
