import type { Identity } from '@behalf/core'
import type { ModelStep } from '@behalf/testing/contract'
import type { StructuredToolInterface } from '@langchain/core/tools'
import { MemorySaver } from '@langchain/langgraph'
import { createAgent } from 'langchain'
import * as z from 'zod'
import { ScriptedModel } from './scripted-model.ts'

export const contextSchema = z.object({ identity: z.custom<Identity>().optional() })

type AgentOptions = Parameters<typeof createAgent>[0]

/** An agent on LangChain's fake model, with one thread. */
export function agentWith(
  tools: readonly unknown[],
  steps: readonly ModelStep[],
  over: Partial<Pick<AgentOptions, 'middleware' | 'checkpointer'>> = {},
) {
  const model = new ScriptedModel(steps)
  const agent = createAgent({
    model,
    tools: tools as StructuredToolInterface[],
    contextSchema,
    checkpointer: new MemorySaver(),
    ...over,
  })
  const thread = { configurable: { thread_id: 'thread-1' } }
  return {
    model,
    agent,
    thread,
    ask: (context: z.infer<typeof contextSchema> = {}) =>
      agent.invoke({ messages: [{ role: 'user', content: 'Go' }] }, { ...thread, context }),
    go: (command: Parameters<typeof agent.invoke>[0], context: z.infer<typeof contextSchema> = {}) =>
      agent.invoke(command, { ...thread, context }),
    state: () => agent.graph.getState(thread),
  }
}

export const call = (id: string, tool: string, input: unknown = {}) => ({ id, tool, input })
