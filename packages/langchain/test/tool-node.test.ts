// The prebuilt ToolNode runs all calls of a step in one task: an interrupt of one ends it, and resumed all run again.
import { type StructuredToolInterface, tool } from '@langchain/core/tools'
import { Command, MemorySaver } from '@langchain/langgraph'
import { expect, test, vi } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { call } from './agent.ts'
import { handBuiltGraph } from './framework.ts'
import { ScriptedModel } from './scripted-model.ts'
import { Amount, Nothing, policies, soon, verified, world } from './world.ts'

const thread = { configurable: { thread_id: 'thread-1' } }
const input = { messages: [{ role: 'user', content: 'Go' }] }

async function stepOf(
  calls: readonly ReturnType<typeof call>[],
  bodies: Readonly<Record<string, () => unknown>>,
  note?: () => unknown,
) {
  const behalf = world()
  const ran: string[] = []
  const body = (name: string) => async () => {
    const result = await bodies[name]?.()
    ran.push(name)
    return String(result ?? `${name} ran`)
  }
  const tools = guardTools(
    [
      tool(body('pay'), { name: 'pay', description: 'Pays', schema: Amount }),
      tool((note ?? body('note')) as () => Promise<string>, { name: 'note', description: 'Notes', schema: Amount }),
      tool(body('look'), { name: 'look', description: 'Looks', schema: Nothing }),
    ],
    { guard: behalf.guard(), policies },
  )
  const graph = handBuiltGraph({
    model: new ScriptedModel([calls]),
    tools: tools as unknown as StructuredToolInterface[],
    checkpointer: new MemorySaver() as never,
  })
  const identity = await verified()
  const context = { identity }
  return {
    ...behalf,
    ran,
    ask: () => graph.invoke(input, { ...thread, context }),
    pending: async () => interruptsOf(await graph.getState(thread)),
    resume: async () => {
      const { command } = await resumeWhenResolved(await graph.getState(thread), { guard: behalf.guard(), identity })
      return command && graph.invoke(command, { ...thread, context })
    },
    force: async (value: unknown) => graph.invoke(new Command({ resume: value }), { ...thread, context }),
  }
}

const several = [call('a', 'pay', { amount: 1 }), call('b', 'note', { amount: 2 }), call('c', 'pay', { amount: 3 })]

test('siblings run again on resume, and a write executes once', async () => {
  const { ask, pending, resume, answer, ran, questions, pass } = await stepOf(several, {})
  await ask()
  expect(ran).toEqual(['note'])
  expect(questions.toSorted()).toEqual(['Pay 1', 'Pay 3'])
  answer('approved')
  for (let times = 0; (await pending()).length > 0 && times < 5; times++) {
    pass()
    await resume()
  }
  expect(ran.toSorted()).toEqual(['note', 'pay', 'pay'])
})

test('a call that pauses lets its siblings come to their end, so that what they did is on record', async () => {
  let finish: () => void = () => {}
  const slow = new Promise<void>((resolve) => {
    finish = resolve
  })
  const { ask, pending, resume, answer, ran, questions, pass } = await stepOf(several, { note: () => slow })
  const asking = ask()
  let paused = false
  void asking.then(() => {
    paused = true
  })
  await vi.waitFor(() => expect(questions).toHaveLength(2))
  // Both have asked, and would have paused by now: in turns of the event loop, since a busy machine has slow clocks.
  for (let turn = 0; turn < 30; turn++) await soon()
  expect([paused, ran]).toEqual([false, []])
  finish()
  await asking
  expect(ran).toEqual(['note'])
  answer('approved')
  for (let times = 0; (await pending()).length > 0 && times < 5; times++) {
    pass()
    await resume()
  }
  expect(ran.toSorted()).toEqual(['note', 'pay', 'pay'])
})

test('a sibling that streams is at its end when its stream is, and not when it began', async () => {
  const gate = Promise.withResolvers<void>()
  const streamed: string[] = []
  const { ask, pending, resume, answer, ran, questions, pass } = await stepOf(several, {}, async function* () {
    streamed.push('began')
    yield 'noting'
    await gate.promise
    streamed.push('ended')
    return 'noted'
  })
  const asking = ask()
  let paused = false
  void asking.then(() => {
    paused = true
  })
  await vi.waitFor(() => expect([questions.length, streamed]).toEqual([2, ['began']]))
  for (let turn = 0; turn < 30; turn++) await soon()
  expect([paused, streamed]).toEqual([false, ['began']])
  gate.resolve()
  await asking
  expect(streamed).toEqual(['began', 'ended'])
  answer('approved')
  for (let times = 0; (await pending()).length > 0 && times < 5; times++) {
    pass()
    await resume()
  }
  expect([streamed, ran]).toEqual([
    ['began', 'ended'],
    ['pay', 'pay'],
  ])
})

test('one wake-up wakes all calls of the step: each looks for itself, and none runs on it', async () => {
  const { ask, pending, force, ran, questions, pass } = await stepOf(several, {})
  await ask()
  for (const value of [true, { behalf: 'look again' }, { approved: true }]) {
    pass()
    await force(value)
    expect(await pending()).toHaveLength(2)
  }
  expect(ran).toEqual(['note'])
  expect(questions.toSorted()).toEqual(['Pay 1', 'Pay 3'])
})

test('a read runs again with its siblings: it is a read', async () => {
  const { ask, resume, answer, ran, pass } = await stepOf([call('a', 'pay', { amount: 1 }), call('b', 'look')], {})
  await ask()
  answer('approved')
  pass()
  await resume()
  expect(ran).toEqual(['look', 'look', 'pay'])
})
