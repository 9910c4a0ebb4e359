// Code calls a tool with arguments alone, and its schema fills in something else each time: the call is what was written.
import { policy } from '@behalf/core'
import { tool } from '@langchain/core/tools'
import { Annotation, Command, interrupt, MemorySaver, StateGraph } from '@langchain/langgraph'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { verified, world } from './world.ts'

const reference = z.string().default(() => crypto.randomUUID())
const Payment = z.strictObject({ amount: z.number(), reference })
/** As most tools have it: what the model makes up is dropped. */
const Lax = z.object({
  amount: z.preprocess((one) => (one instanceof Map ? one.get('is') : one), z.number()),
  reference,
})

interface Callable {
  invoke(input: unknown, config: object): Promise<unknown>
  func(input: unknown, runManager: undefined, config: object): Promise<unknown>
}

type Code = (tools: Readonly<Record<'note' | 'pay', Callable>>, config: object) => Promise<unknown>

/** Runs code in a node until nothing waits, approving what is asked. */
async function run(code: Code, within: 'a node' | 'a guarded tool', schema: typeof Payment | typeof Lax = Payment) {
  const behalf = world()
  const ran: string[] = []
  const body = (name: string) =>
    tool(({ amount }) => `${ran.push(`${name} ${amount}`)}: ${amount}`, { name, description: 'Does', schema })
  const outer = tool(
    async (_: unknown, config: object) => {
      await code({ note, pay }, config)
      return 'ok'
    },
    { name: 'outer', description: 'Does', schema: z.strictObject({}) },
  )
  const rules = {
    note: policy(Payment, { effect: 'write' }),
    pay: policy(Payment, { approval: { message: ({ input }) => `Pay ${input.amount}` } }),
    outer: policy(z.strictObject({}), {}),
  }
  const options = { guard: behalf.guard(), policies: rules } as never
  const [note, pay, guarded] = guardTools([body('note'), body('pay'), outer] as never, options) as unknown as [
    Callable,
    Callable,
    Callable,
  ]
  const state = Annotation.Root({ ended: Annotation<boolean> })
  const graph = new StateGraph(state, Annotation.Root({ identity: Annotation<unknown> }))
    .addNode('work', async (_, config) => {
      if (within === 'a node') await code({ note, pay }, config)
      else await guarded.invoke({ type: 'tool_call', id: 'a', name: 'outer', args: {} }, config)
      return { ended: true }
    })
    .addEdge('__start__', 'work')
    .addEdge('work', '__end__')
    .compile({ checkpointer: new MemorySaver() })
  const identity = await verified()
  const config = { configurable: { thread_id: 't' }, context: { identity } }
  await graph.invoke({ ended: false }, config)
  behalf.answer('approved')
  behalf.pass()
  const { command } = await resumeWhenResolved(await graph.getState(config), { guard: behalf.guard(), identity })
  if (command !== undefined) await graph.invoke(command as never, config)
  expect(interruptsOf(await graph.getState(config))).toEqual([])
  return { ran, questions: behalf.questions }
}

const textOf = (result: unknown) => (typeof result === 'string' ? result : (result as { readonly text: string }).text)

const places = ['a node', 'a guarded tool'] as const

test.each(places)('in %s, a write that ran does not run again when the code runs again', async (within) => {
  const code: Code = async ({ note, pay }, config) => {
    await note.invoke({ amount: 1 }, config)
    await pay.invoke({ amount: 2 }, config)
  }
  expect(await run(code, within)).toEqual({ ran: ['note 1', 'pay 2'], questions: ['Pay 2'] })
})

test.each(places)('in %s, nor where the schema drops what it does not know', async (within) => {
  const code: Code = async ({ note, pay }, config) => {
    await note.invoke({ amount: 1, why: 'so' }, config)
    await pay.invoke({ amount: 2, why: 'so' }, config)
  }
  expect(await run(code, within, Lax)).toEqual({ ran: ['note 1', 'pay 2'], questions: ['Pay 2'] })
})

test.each(places)('in %s, two equal writes stay two, and so do two of one object that changes', async (within) => {
  const code: Code = async ({ note, pay }, config) => {
    await note.invoke({ amount: 1 }, config)
    await note.invoke({ amount: 1 }, config)
    const changing = { amount: 3 }
    const before = note.invoke(changing, config)
    changing.amount = 4
    await Promise.all([before, note.invoke(changing, config)])
    await pay.invoke({ amount: 2 }, config)
  }
  const { ran } = await run(code, within)
  expect(ran.toSorted()).toEqual(['note 1', 'note 1', 'note 3', 'note 4', 'pay 2'])
})

test.each(places)('in %s, arguments that are no JSON are known by what was parsed', async (within) => {
  const code: Code = async ({ note, pay }, config) => {
    await note.invoke({ amount: 1, reference: 'a', why: () => 'so' }, config)
    await pay.invoke({ amount: 2, reference: 'b', why: Symbol('so') }, config)
  }
  expect(await run(code, within, Lax)).toEqual({ ran: ['note 1', 'pay 2'], questions: ['Pay 2'] })
})

/** Ways to call a tool whose arguments JSON cannot tell apart, or that LangChain does not parse. */
const odd: Readonly<Record<string, (tool: Callable, is: number, config: object) => Promise<unknown>>> = {
  'what JSON says alike': (tool, is, config) => tool.invoke({ amount: new Map([['is', is]]), reference: 'a' }, config),
  'what is called by its func': (tool, is, config) => tool.func({ amount: is, reference: 'a' }, undefined, config),
}

test.each(places.flatMap((within) => Object.entries(odd).map(([name, call]) => [within, name, call] as const)))(
  'in %s, %s stays apart, also where the code makes its calls in another order',
  async (within, _, call) => {
    const told: unknown[] = []
    let times = 0
    const code: Code = async ({ note, pay }, config) => {
      times += 1
      for (const is of times === 1 ? [7, 8] : [8, 7]) told.push(textOf(await call(note, is, config)))
      await pay.invoke({ amount: 2 }, config)
    }
    expect((await run(code, within, Lax)).ran).toEqual(['note 7', 'note 8', 'pay 2'])
    expect(told).toEqual(['1: 7', '2: 8', '2: 8', '1: 7'])
  },
)

test("the answer to a tool's own question reaches it", async () => {
  const behalf = world()
  const wipe = tool(() => String(interrupt('Sure?')), { name: 'wipe', description: 'Wipes', schema: Payment })
  const options = { guard: behalf.guard(), policies: { wipe: policy(Payment, {}) } } as never
  const [guarded] = guardTools([wipe] as never, options) as unknown as [Callable]
  const graph = new StateGraph(
    Annotation.Root({ said: Annotation<unknown> }),
    Annotation.Root({ identity: Annotation<unknown> }),
  )
    .addNode('work', async (_, config) => ({ said: await guarded.invoke({ amount: 1 }, config) }))
    .addEdge('__start__', 'work')
    .addEdge('work', '__end__')
    .compile({ checkpointer: new MemorySaver() })
  const config = { configurable: { thread_id: 't' }, context: { identity: await verified() } }
  await graph.invoke({ said: '' }, config)
  const [asked] = (await graph.getState(config)).tasks.flatMap(({ interrupts }) => interrupts)
  expect(asked?.value).toBe('Sure?')
  expect(await graph.invoke(new Command({ resume: { [asked?.id ?? '']: 'yes' } }), config)).toEqual({ said: 'yes' })
})
