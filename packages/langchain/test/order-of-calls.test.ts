// Code of a node that calls a tool several times, in another order when it runs again: answers stay with their questions.
import { policy } from '@behalf/core'
import { type StructuredToolInterface, tool } from '@langchain/core/tools'
import { Annotation, Command, interrupt, MemorySaver, StateGraph } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import { guardTools } from '../src/index.ts'
import { Amount, policies, verified, world } from './world.ts'

test('an answer reaches the call that asked, whichever comes first', async () => {
  const answers: Record<string, unknown> = {}
  const wipe = tool(
    ({ amount }) => {
      answers[amount] = interrupt(`Delete ${amount}?`)
      return 'done'
    },
    { name: 'look', description: 'Deletes', schema: Amount },
  )
  const [guarded] = guardTools([wipe], {
    guard: world().guard(),
    policies: { ...policies, look: policy(Amount, {}) } as never,
  }) as unknown as readonly [StructuredToolInterface]
  let attempts = 0
  const State = Annotation.Root({ done: Annotation<boolean> })
  const graph = new StateGraph(State)
    .addNode('node', async (_, config) => {
      const amounts = attempts++ % 2 === 0 ? [1, 2] : [2, 1]
      await Promise.all(amounts.map((amount) => guarded.invoke({ amount }, config)))
      return { done: true }
    })
    .addEdge('__start__', 'node')
    .compile({ checkpointer: new MemorySaver() })
  const config = { configurable: { thread_id: 't' }, context: { identity: await verified() } } as never
  await graph.invoke({ done: false }, config)
  const { tasks } = await graph.getState(config)
  const asked = tasks.flatMap(({ interrupts }) => interrupts)
  expect(asked.map(({ value }) => value).toSorted()).toEqual(['Delete 1?', 'Delete 2?'])
  const resume = Object.fromEntries(asked.map(({ id, value }) => [id, `answer to ${value}`]))
  await graph.invoke(new Command({ resume }), config)
  expect(answers).toEqual({ 1: 'answer to Delete 1?', 2: 'answer to Delete 2?' })
})

test.each(['with the config of the node', 'with arguments alone'])(
  'two equal writes that the code of one node makes are two writes, and none of them is done again when the node is: %s',
  async (how) => {
    const noted: number[] = []
    const note = tool(
      ({ amount }) => {
        noted.push(amount)
        return `noted ${noted.length}`
      },
      { name: 'note', description: 'Notes', schema: Amount },
    )
    const [guarded] = guardTools([note], {
      guard: world().guard(),
      policies,
    }) as unknown as readonly [StructuredToolInterface]
    const told: unknown[][] = []
    const State = Annotation.Root({ done: Annotation<boolean> })
    const graph = new StateGraph(State)
      .addNode('node', async (_, config) => {
        const own = how === 'with arguments alone' ? undefined : config
        const answers: unknown[] = []
        for (let times = 0; times < 2; times++) answers.push(await guarded.invoke({ amount: 5 }, own))
        told.push(answers)
        // As a process that dies before the node has ended.
        if (told.length === 1) throw new Error('died')
        return { done: true }
      })
      .addEdge('__start__', 'node')
      .compile({ checkpointer: new MemorySaver() })
    const config = { configurable: { thread_id: 't' }, context: { identity: await verified() } } as never
    await expect(graph.invoke({ done: false }, config)).rejects.toThrow('died')
    expect(noted).toEqual([5, 5])
    await graph.invoke(null, config)
    expect(noted).toEqual([5, 5])
    expect(told).toEqual([
      ['noted 1', 'noted 2'],
      ['noted 1', 'noted 2'],
    ])
  },
)
