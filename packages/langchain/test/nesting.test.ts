// A guarded tool whose code calls another guarded tool.
import { policy, ToolAuthorizationError } from '@behalf/core'
import { type StructuredToolInterface, tool } from '@langchain/core/tools'
import { Command, MemorySaver } from '@langchain/langgraph'
import { createAgent } from 'langchain'
import { describe, expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { call } from './agent.ts'
import { toolTexts } from './counted-tools.ts'
import { agentGraph, handBuiltGraph } from './framework.ts'
import { ScriptedModel } from './scripted-model.ts'
import { Amount, ById, Nothing, policies, soon, verified, world } from './world.ts'

const thread = { configurable: { thread_id: 'thread-1' } }
const input = { messages: [{ role: 'user', content: 'Go' }] }
type Inner = Readonly<Record<'pay' | 'read', StructuredToolInterface>>
type Outer = (inner: Inner, config: object) => Promise<unknown>

/** `look` reads and `ship` writes; either's code calls `pay`, which asks, or `read`, which may be refused. */
async function nested(outer: Outer, build = agentGraph, name: 'look' | 'ship' = 'look') {
  const behalf = world()
  const ran: string[] = []
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const rules = { ...policies, ship: policy(Nothing, { effect: 'write' }) }
  const options = { guard: behalf.guard(), policies: rules, onError }
  const note = (text: string) => {
    ran.push(text)
    return text
  }
  const [pay, read] = guardTools(
    [
      tool(({ amount }) => note(`paid ${amount}`), { name: 'pay', description: 'Pays', schema: Amount }),
      tool(({ id }) => note(`text of ${id}`), { name: 'read', description: 'Reads', schema: ById }),
    ],
    options,
  ) as unknown as readonly [StructuredToolInterface, StructuredToolInterface]
  const body = async (_: object, config: object) => {
    const result = await outer({ pay, read }, config)
    ran.push(name)
    return String(result)
  }
  const tools = guardTools(
    [tool(body, { name, description: 'Calls another', schema: Nothing }) as never],
    options as never,
  ) as unknown as StructuredToolInterface[]
  const identity = await verified()
  const context = { identity }
  const model = new ScriptedModel([[call('a', name)]])
  const graph = build({ model, tools, checkpointer: new MemorySaver() as never })
  return {
    ...behalf,
    ran,
    errors,
    model,
    start: (over = {}) => graph.invoke(input, { ...thread, context, ...over }),
    pending: async () => interruptsOf(await graph.getState(thread)).map(({ interrupt: { message } }) => message),
    resume: async () => {
      const { command } = await resumeWhenResolved(await graph.getState(thread), { guard: behalf.guard(), identity })
      return command && graph.invoke(command, { ...thread, context })
    },
  }
}

const ways: Readonly<Record<string, (one: StructuredToolInterface, args: object, config: object) => Promise<unknown>>> =
  {
    'with arguments alone': (one, args) => one.invoke(args as never),
    'with the config of the call around it': (one, args, config) => one.invoke(args as never, config),
    'with the config of the node': (one, args, config) =>
      one.invoke(args as never, (config as { readonly config?: object }).config),
  }

for (const [graphName, build] of Object.entries({ createAgent: agentGraph, 'a ToolNode': handBuiltGraph })) {
  for (const [wayName, invoke] of Object.entries(ways)) {
    describe(`in ${graphName}, ${wayName}`, () => {
      test('a call that has to pause pauses, is listed, and goes on when it was answered', async () => {
        const { start, pending, resume, answer, pass, ran } = await nested(
          ({ pay }, config) => invoke(pay, { amount: 9 }, config),
          build,
        )
        await start()
        expect([ran, await pending()]).toEqual([[], ['Pay 9']])
        answer('approved')
        pass()
        await resume()
        expect([ran, await pending()]).toEqual([['paid 9', 'look'], []])
      })

      test('a refusal is thrown, so that no code goes on as if it had its result', async () => {
        const { start, ran, errors, model } = await nested(
          ({ read }, config) => invoke(read, { id: 'bob-1' }, config),
          build,
        )
        await start()
        expect(ran).toEqual([])
        expect(errors.map((error) => ToolAuthorizationError.isInstance(error) && error.code)).toEqual(['not_permitted'])
        expect(model.saw).toContain('This tool failed.')
      })
    })
  }

  test(`in ${graphName}, a pause in a write is listed and ends it: what it did before is not known`, async () => {
    const { start, pending, resume, answer, pass, ran, model } = await nested(
      ({ pay }) => pay.invoke({ amount: 9 }),
      build,
      'ship',
    )
    await start()
    expect([ran, await pending()]).toEqual([[], ['Pay 9']])
    answer('approved')
    pass()
    await resume()
    expect(ran).toEqual([])
    expect(model.saw).toMatch(/not known/)
  })

  test(`in ${graphName}, calls that one tool makes at once wait for each other and pause together`, async () => {
    const { start, pending, resume, answer, pass, ran } = await nested(
      ({ pay, read }) =>
        Promise.all([pay.invoke({ amount: 1 }), read.invoke({ id: 'ann-1' }), pay.invoke({ amount: 2 })]),
      build,
    )
    await start()
    expect((await pending()).toSorted()).toEqual(['Pay 1', 'Pay 2'])
    expect(ran).toEqual(['text of ann-1'])
    answer('approved')
    pass()
    await resume()
    expect(ran.toSorted()).toEqual(['look', 'paid 1', 'paid 2', 'text of ann-1', 'text of ann-1'])
  })
}

test('the abort of a run ends a call that waits for its siblings', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { guard, questions } = world()
  const tools = guardTools(
    [
      tool(() => 'paid', { name: 'pay', description: 'Pays', schema: Amount }),
      tool(() => promise.then(() => 'looked'), { name: 'look', description: 'Hangs', schema: Nothing }),
    ],
    { guard: guard(), policies },
  )
  const model = new ScriptedModel([[call('a', 'pay', { amount: 1 }), call('b', 'look')]])
  const graph = handBuiltGraph({ model, tools: tools as never, checkpointer: new MemorySaver() as never })
  const controller = new AbortController()
  const running = graph.invoke(input, {
    ...thread,
    context: { identity: await verified() },
    signal: controller.signal,
  })
  const ended = running.then(
    () => 'ended',
    () => 'aborted',
  )
  for (let turn = 0; turn < 100 && questions.length === 0; turn++) await soon()
  controller.abort(new DOMException('enough', 'AbortError'))
  expect(await ended).toBe('aborted')
  resolve()
})

test('an agent inside a tool answers its own model: there a refusal is a message', async () => {
  const { guard } = world()
  const [read] = guardTools([tool(({ id }) => id, { name: 'read', description: 'Reads', schema: ById })], {
    guard: guard(),
    policies,
  })
  const inner = new ScriptedModel([[call('x', 'read', { id: 'bob-1' })], 'I may not.'])
  const ask = tool(
    async () => {
      const { messages } = await createAgent({ model: inner, tools: [read] }).invoke(input as never)
      return `${messages.at(-1)?.text}`
    },
    { name: 'look', description: 'Asks another agent', schema: Nothing },
  )
  const model = new ScriptedModel([[call('a', 'look')]])
  const graph = createAgent({
    model,
    tools: [...guardTools([ask], { guard: guard(), policies })],
    checkpointer: new MemorySaver(),
  })
  const { messages } = await graph.invoke(
    input as never,
    { ...thread, context: { identity: await verified() } } as never,
  )
  expect(inner.saw).toContain('This action is not permitted.')
  expect(toolTexts(messages)).toEqual(['I may not.'])
})

test('a resume without the name of a question wakes a call inside a tool', async () => {
  const behalf = world()
  let paid = 0
  const [pay] = guardTools([tool(() => `${++paid}`, { name: 'pay', description: 'Pays', schema: Amount })], {
    guard: behalf.guard(),
    policies,
  })
  const look = tool(async () => String(await pay.invoke({ amount: 1 })), {
    name: 'look',
    description: 'Delegates',
    schema: Nothing,
  })
  const model = new ScriptedModel([[call('a', 'look')]])
  const tools = guardTools([look], { guard: behalf.guard(), policies }) as never
  const graph = agentGraph({ model, tools, checkpointer: new MemorySaver() as never })
  const context = { identity: await verified() }
  await graph.invoke(input, { ...thread, context })
  behalf.answer('approved')
  behalf.pass()
  await graph.invoke(new Command({ resume: true }), { ...thread, context })
  expect(paid).toBe(1)
})
