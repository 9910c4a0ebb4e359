// Equal calls that LangGraph makes at the same time: they share an approval and a run, and none ends the others.
import {
  Annotation,
  Command,
  entrypoint,
  getConfig,
  MemorySaver,
  type Pregel,
  Send,
  StateGraph,
  task,
} from '@langchain/langgraph'
import { describe, expect, test } from 'vitest'
import { interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { counted } from './counted-tools.ts'
import { verified, world } from './world.ts'

/** Calls a tool as code of a graph does, and returns its text. */
type Called = (amount: number, id: string) => Promise<string>
type Graph = Pick<Pregel<never, never>, 'invoke' | 'getState'>

const State = Annotation.Root({
  results: Annotation<string[]>({ reducer: (all, more) => [...all, ...more], default: () => [] }),
  amount: Annotation<number>,
  id: Annotation<string>,
})

const amounts = [50, 50, 20]
const checkpointer = () => new MemorySaver()

/** Ways in which LangGraph makes three calls at the same time. */
const ways: Readonly<Record<string, (called: Called) => unknown>> = {
  'parallel nodes': (called) => {
    const node = (at: number) => async () => ({ results: [await called(amounts[at] ?? 0, `call-${at}`)] })
    const graph = new StateGraph(State).addNode('one', node(0)).addNode('two', node(1)).addNode('three', node(2))
    graph.addEdge('__start__', 'one').addEdge('__start__', 'two').addEdge('__start__', 'three')
    return graph.compile({ checkpointer: checkpointer() })
  },
  Send: (called) =>
    new StateGraph(State)
      .addNode('pay', async ({ amount, id }) => ({ results: [await called(amount, id)] }))
      .addConditionalEdges('__start__', () =>
        amounts.map((amount, at) => new Send('pay', { amount, id: `call-${at}` })),
      )
      .compile({ checkpointer: checkpointer() }),
  'Promise.all in a node': (called) =>
    new StateGraph(State)
      .addNode('all', async () => ({
        results: await Promise.all(amounts.map((amount, at) => called(amount, `call-${at}`))),
      }))
      .addEdge('__start__', 'all')
      .compile({ checkpointer: checkpointer() }),
  'tasks of the functional API': (called) => {
    const pay = task('pay', (amount: number, id: string) => called(amount, id))
    return entrypoint({ name: 'flow', checkpointer: checkpointer() }, async () => ({
      results: await Promise.all(amounts.map((amount, at) => pay(amount, `call-${at}`))),
    }))
  },
}

async function flowOf(way: string, form: 'with an id' | 'by arguments alone', name: 'pay' | 'note') {
  const behalf = world()
  const { ran, tools } = counted({}, behalf.guard())
  const tool = tools.find((one) => one.name === name) as unknown as {
    invoke(input: unknown, config: unknown): Promise<string | { readonly text: string }>
  }
  const called: Called = async (amount, id) => {
    const args = { amount }
    const input = form === 'with an id' ? { type: 'tool_call', id, name, args } : args
    const result = await tool.invoke(input, getConfig())
    return typeof result === 'string' ? result : result.text
  }
  const graph = ways[way]?.(called) as Graph
  const identity = await verified()
  const config = { configurable: { thread_id: 'thread-1' }, context: { identity } } as never
  return { ...behalf, ran, graph, identity, config }
}

describe.each(Object.keys(ways))('equal calls by %s', (way) => {
  test.each(['with an id', 'by arguments alone'] as const)(
    'that a person approved run once, and the call beside them runs: %s',
    async (form) => {
      const { guard, answer, pass, questions, ran, graph, identity, config } = await flowOf(way, form, 'pay')
      await graph.invoke({ results: [] } as never, config)
      expect(questions.toSorted()).toEqual(['Pay 20', 'Pay 50'])
      answer('approved')
      let resumes = 0
      let state = await graph.getState(config)
      let ended: unknown
      for (; interruptsOf(state).length > 0 && resumes < 5; resumes++) {
        pass()
        const { command } = await resumeWhenResolved(state, { guard: guard(), identity })
        ended = await graph.invoke((command ?? new Command({ resume: {} })) as never, config)
        state = await graph.getState(config)
      }
      expect(ran).toEqual({ pay: 2 })
      expect((ended as { readonly results: string[] }).results.toSorted()).toEqual(['paid 20', 'paid 50', 'paid 50'])
      expect(resumes).toBe(1)
      expect(questions).toHaveLength(2)
    },
  )

  test('that need no approval run one after the other, with an id', async () => {
    const { ran, graph, config } = await flowOf(way, 'with an id', 'note')
    const { results } = (await graph.invoke({ results: [] } as never, config)) as unknown as {
      readonly results: string[]
    }
    expect(results.toSorted()).toEqual(['noted 20', 'noted 50', 'noted 50'])
    expect(ran).toEqual({ note: 3 })
  })
})
