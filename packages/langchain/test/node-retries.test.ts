// A node of a graph by hand, which LangGraph runs again after an error: with the same state, and so the same tool calls.
import { AIMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { Command, interrupt, MemorySaver, MessagesAnnotation, StateGraph } from '@langchain/langgraph'
import { describe, expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { counted, toolTexts } from './counted-tools.ts'
import { Nothing, policies, verified, world } from './world.ts'

const retryPolicy = { maxAttempts: 3, initialInterval: 1, jitter: false, logWarning: false, retryOn: () => true }

/** What LangChain's types of single tools do not agree on. */
interface Invocable {
  invoke(call: unknown, config: unknown): Promise<never>
}
type Step = (call: unknown, config: object) => Promise<never>

/** A graph of one node, with the call of a tool in its state. */
async function graphOf(name: string, args: object, step: Step) {
  const graph = new StateGraph(MessagesAnnotation)
    .addNode(
      'act',
      async ({ messages }, config) => {
        const [call] = AIMessage.isInstance(messages[0]) ? (messages[0].tool_calls ?? []) : []
        return { messages: [await step(call, config)] }
      },
      { retryPolicy },
    )
    .addEdge('__start__', 'act')
    .compile({ checkpointer: new MemorySaver() })
  const config = { configurable: { thread_id: 'thread-1' }, context: { identity: await verified() } }
  const tool_calls = [{ id: 'a', name, args, type: 'tool_call' as const }]
  const begin = () => graph.invoke({ messages: [new AIMessage({ content: '', id: 'm', tool_calls })] }, config)
  return { graph, config, begin }
}

describe('a write runs once in a node that fails after it, and runs again', () => {
  /** Fails twice, after its call. */
  function failing(called: Invocable): Step {
    let tries = 0
    return async (call, config) => {
      const answer = await called.invoke(call, config)
      if (++tries < 3) throw new Error('the database is away')
      return answer
    }
  }

  test('where the node calls it by the model’s own call', async () => {
    const { ran, tools } = counted()
    const { begin } = await graphOf('note', { amount: 1 }, failing(tools[1] as unknown as Invocable))
    const { messages } = await begin()
    expect(toolTexts(messages)).toEqual(['noted 1'])
    expect(ran).toEqual({ note: 1 })
  })

  test('where a tool without a guard calls it', async () => {
    const { ran, tools } = counted()
    const note = tools[1] as unknown as Invocable
    const outer = tool(
      async (_, config) => {
        await note.invoke({ amount: 1 }, config)
        await note.invoke({ amount: 1 }, config)
        return 'noted twice'
      },
      { name: 'outer', description: 'Notes twice', schema: Nothing },
    )
    const { begin } = await graphOf('outer', {}, failing(outer as unknown as Invocable))
    const { messages } = await begin()
    expect(toolTexts(messages)).toEqual(['noted twice'])
    expect(ran).toEqual({ note: 2 })
  })
})

test('a call of the model that a node makes twice is one call', async () => {
  const { ran, tools } = counted()
  const note = tools[1] as unknown as Invocable
  const { begin } = await graphOf('note', { amount: 1 }, async (call, config) => {
    await note.invoke(call, config)
    return note.invoke(call, config)
  })
  const { messages } = await begin()
  expect(toolTexts(messages)).toEqual(['noted 1'])
  expect(ran).toEqual({ note: 1 })
})

test('an answer to a tool’s own question counts where its node ran again before it was asked', async () => {
  const asking = tool(async () => `answered ${interrupt('Sure?')}`, {
    name: 'look',
    description: 'Asks',
    schema: Nothing,
  })
  const [guarded] = guardTools([asking], { guard: world().guard(), policies: { look: policies.look } })
  let tries = 0
  const { graph, config, begin } = await graphOf('look', {}, async (call, own) => {
    const asked = (guarded as unknown as Invocable).invoke(call, own)
    if (++tries > 1) return asked
    await asked.catch(() => {})
    throw new Error('the database is away')
  })
  await begin()
  const [question] = (await graph.getState(config)).tasks.flatMap(({ interrupts }) => interrupts)
  const { messages } = await graph.invoke(new Command({ resume: { [String(question?.id)]: 'yes' } }), config)
  expect(toolTexts(messages)).toEqual(['answered yes'])
})
