// LangChain's `call` reads a tool's generator to its end. Code that takes one from `func` may not.
import { policy } from '@behalf/core'
import { tool } from '@langchain/core/tools'
import { Annotation, MemorySaver, StateGraph } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import { guardTools, interruptsOf } from '../src/index.ts'
import { Amount, Nothing, soon, verified, world } from './world.ts'

interface Callable {
  invoke(input: unknown, config: object): Promise<unknown>
  func(input: unknown, runManager: undefined, config: object): Promise<AsyncGenerator>
}

/** A node that takes a generator, and makes a call that must pause beside it. */
async function pausingBeside(take: (watch: Callable, config: object) => Promise<unknown>, signal?: AbortSignal) {
  const behalf = world()
  const watch = tool(
    async function* () {
      yield 'tick'
      return 'ended'
    } as never,
    { name: 'watch', description: 'Watches', schema: Nothing },
  )
  const pay = tool(() => 'paid', { name: 'pay', description: 'Pays', schema: Amount })
  const policies = { watch: policy(Nothing, {}), pay: policy(Amount, { approval: { message: () => 'Pay' } }) }
  const options = { guard: behalf.guard(), policies } as never
  const [watching, paying] = guardTools([watch, pay] as never, options) as unknown as [Callable, Callable]
  const graph = new StateGraph(
    Annotation.Root({ ended: Annotation<boolean> }),
    Annotation.Root({ identity: Annotation<unknown> }),
  )
    .addNode('work', async (_, config) => {
      await take(watching, config)
      await paying.invoke({ amount: 1 }, config)
      return { ended: true }
    })
    .addEdge('__start__', 'work')
    .addEdge('work', '__end__')
    .compile({ checkpointer: new MemorySaver() })
  const config = { configurable: { thread_id: 't' }, context: { identity: await verified() } }
  const run = graph.invoke({ ended: false }, { ...config, ...(signal !== undefined && { signal }) })
  return { run, waiting: async () => interruptsOf(await graph.getState(config)) }
}

test('a call that must pause waits for a generator that is not read, until the run is aborted', async () => {
  const abort = new AbortController()
  const { run, waiting } = await pausingBeside((watch, config) => watch.func({}, undefined, config), abort.signal)
  let isOver = false
  const end = run.then(
    () => 'ended',
    (error: unknown) => error,
  )
  void end.then(() => {
    isOver = true
  })
  await soon()
  expect([isOver, await waiting()]).toEqual([false, []])
  abort.abort(new Error('enough'))
  expect(await end).not.toBe('ended')
})

test.each<[string, (watch: Callable, config: object) => Promise<unknown>]>([
  ['invoke, which reads it', (watch, config) => watch.invoke({}, config)],
  [
    'func, and read',
    async (watch, config) => {
      const events = await watch.func({}, undefined, config)
      while ((await events.next()).done !== true) {}
    },
  ],
])('it pauses at once beside a generator taken by %s', async (_, take) => {
  const { run, waiting } = await pausingBeside(take)
  await run
  expect(await waiting()).toHaveLength(1)
})
