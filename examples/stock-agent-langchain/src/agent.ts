import type { Identity } from '@behalf/core'
import { type ToolName, tools } from '@behalf/example-stock-agent'
import {
  answerOf,
  recordOutcomes,
  type StockAgent,
  type StockAgentOptions,
  type ToolCall,
  type Turn,
} from '@behalf/example-stock-agent/demo'
import { interruptsOf, resumeWhenResolved, toLangChainTools } from '@behalf/langchain'
import { AIMessage, type BaseMessage } from '@langchain/core/messages'
import { type BaseCheckpointSaver, type Command, MemorySaver } from '@langchain/langgraph'
import { createAgent } from 'langchain'
import * as z from 'zod'
import type { ModelChoice } from './model.ts'

/** Context of a run besides its messages. LangGraph does not keep it, so a resume gets it again. */
const contextSchema = z.object({ identity: z.custom<Identity>().optional() })

/** The stock agent on LangChain: its tools behind the guard, its conversation in a checkpointer. */
export function langChainAgent(
  options: StockAgentOptions,
  model: ModelChoice,
  checkpointer: BaseCheckpointSaver = new MemorySaver(),
): StockAgent & { resume(): Promise<Turn> } {
  return {
    ask: (prompt) => take(options, model, checkpointer, { prompt }),
    // A message that returns to a process without its state: its checkpointer is empty.
    retry: (call) => take(options, model, new MemorySaver(), { prompt: '', begin: call }),
    resume: () => take(options, model, checkpointer, {}),
  }
}

interface Beginning {
  /** Prompt of the turn. Absent: the conversation continues where it paused. */
  readonly prompt?: string
  readonly begin?: ToolCall
}

async function take(
  options: StockAgentOptions,
  model: ModelChoice,
  checkpointer: BaseCheckpointSaver,
  { prompt, begin }: Beginning,
): Promise<Turn> {
  const { guard, outcomes } = recordOutcomes(options.guard)
  const agent = await makeAgent({ ...options, guard }, model, checkpointer, begin)
  const thread = { configurable: { thread_id: options.threadId } }
  const run = { ...thread, context: { identity: options.identity } }
  if (prompt !== undefined) await agent.invoke({ messages: [{ role: 'user', content: prompt }] }, run)
  for (;;) {
    const command = await nextStep(await agent.graph.getState(thread), { ...options, guard }, prompt === undefined)
    if (command === undefined) break
    if (command !== 'look') await agent.invoke(command, run)
  }
  const { values } = await agent.graph.getState(thread)
  const messages: readonly BaseMessage[] = values.messages ?? []
  const call = callIn(messages)
  if (call !== undefined) options.onCall?.(call)
  return { prompt: prompt ?? '', outcomes, ...(call && { call }), answer: lastWords(messages, call, outcomes) }
}

async function makeAgent(
  { guard, portfolio, planner }: StockAgentOptions,
  model: ModelChoice,
  checkpointer: BaseCheckpointSaver,
  begin: ToolCall | undefined,
) {
  const systemPrompt = model.systemPrompt(portfolio)
  return createAgent({
    model: await model.make({ portfolio, planner, begin }),
    tools: toLangChainTools(guard, tools),
    contextSchema,
    checkpointer,
    ...(systemPrompt !== undefined && { systemPrompt }),
  })
}

/**
 * Returns how to resume the graph. `'look'`: still open, poll again. `undefined`: no call waits, or the user does not
 * wait here.
 */
async function nextStep(
  state: Parameters<typeof interruptsOf>[0],
  { guard, identity, waitForPerson }: StockAgentOptions,
  isResumed: boolean,
): Promise<Command | 'look' | undefined> {
  const [pending] = interruptsOf(state)
  if (pending === undefined || identity === undefined) return undefined
  if (isResumed) return (await resumeWhenResolved(state, { guard, identity })).command
  if ((await waitForPerson(pending.interrupt)) === 'leave') return undefined
  return (await resumeWhenResolved(state, { guard, identity })).command ?? 'look'
}

/** Returns the call of this turn: the newest one since the user's last message. */
function callIn(messages: readonly BaseMessage[]): ToolCall | undefined {
  const since = messages.slice(messages.findLastIndex((message) => message.type === 'human') + 1)
  const calls = since.flatMap((message) => (AIMessage.isInstance(message) ? (message.tool_calls ?? []) : []))
  const [call] = calls.slice(-1)
  return call && { id: call.id ?? '', tool: call.name as ToolName, input: call.args }
}

function lastWords(messages: readonly BaseMessage[], call: ToolCall | undefined, outcomes: Turn['outcomes']): string {
  const last = messages.at(-1)
  const outcome = outcomes.at(-1)
  if (call !== undefined && outcome?.status === 'interrupted') return answerOf(call.tool, outcome)
  return AIMessage.isInstance(last) ? last.text : ''
}
