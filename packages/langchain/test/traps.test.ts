// One test for each trap of LangChain and LangGraph that was met by running them: its name says which.
import { currentIdentity } from '@behalf/core'
import { BaseCallbackHandler } from '@langchain/core/callbacks/base'
import type { Serialized } from '@langchain/core/load/serializable'
import { ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { Annotation, Command, interrupt, MemorySaver, MessagesAnnotation, StateGraph } from '@langchain/langgraph'
import { createMiddleware, humanInTheLoopMiddleware } from 'langchain'
import { expect, test } from 'vitest'
import { guardTools, interruptsOf, resumeWhenResolved } from '../src/index.ts'
import { agentWith, call } from './agent.ts'
import { counted, toolTexts } from './counted-tools.ts'
import { Amount, ById, Nothing, policies, soon, verified, world } from './world.ts'

const NOT_PERMITTED = 'This action is not permitted.'

const pending = async ({ state }: Pick<ReturnType<typeof agentWith>, 'state'>) => interruptsOf(await state())

test('context is not checkpointed: resumed without it, a call has no user', async () => {
  const { guard, answer, pass } = world()
  const { tools, ran } = counted({}, guard())
  const checkpointer = new MemorySaver()
  const run = agentWith(tools, [[call('c', 'pay', { amount: 5 })]], { checkpointer })
  const identity = await verified()
  await run.ask({ identity })
  const kept = Object.values(checkpointer.storage['thread-1']?.[''] ?? {}).flat()
  const text = kept.map((part) => (part instanceof Uint8Array ? new TextDecoder().decode(part) : '')).join()
  expect(text).toContain('"pay"')
  expect(text).not.toContain(identity.issuer)
  answer('approved')
  pass()
  const [paused] = await pending(run)
  await run.go(new Command({ resume: { [paused?.id ?? '']: true } }))
  expect(await pending(run)).toMatchObject([{ interrupt: { kind: 'login_required' } }])
  expect(ran).toEqual({})
})

test('configurable is copied into traces: no identity is read from it, and none is put there', async () => {
  const { tools, ran } = counted()
  const identity = await verified()
  const run = agentWith(tools, [[call('c', 'look')]])
  await run.agent.invoke({ messages: [{ role: 'user', content: 'Go' }] }, {
    configurable: { thread_id: 'thread-1', identity },
  } as never)
  expect(ran).toEqual({})
  expect(await pending(run)).toMatchObject([{ interrupt: { kind: 'login_required' } }])

  const traced: unknown[] = []
  class Tracer extends BaseCallbackHandler {
    readonly name = 'tracer'
    override handleToolStart(
      _tool: Serialized,
      _input: string,
      _runId: string,
      _parent?: string,
      _tags?: string[],
      metadata?: Record<string, unknown>,
    ) {
      traced.push(metadata)
    }
  }
  const again = agentWith(tools, [[call('c', 'look')]])
  await again.agent.invoke(
    { messages: [{ role: 'user', content: 'Go' }] },
    { ...again.thread, context: { identity }, callbacks: [new Tracer()] },
  )
  expect(ran).toEqual({ look: 1 })
  expect(traced).toHaveLength(1)
  expect(JSON.stringify(traced)).not.toContain(identity.issuer)
})

test('AsyncLocalStorage: the identity is there under a middleware that wraps, and in a stream that is read outside', async () => {
  const seen: string[] = []
  const look = tool(
    async () => {
      await soon()
      const identity = currentIdentity()
      seen.push(identity.kind === 'user' ? identity.subject : '')
      return 'looked'
    },
    { name: 'look', description: 'Looks', schema: Nothing },
  )
  const tools = guardTools([look], { guard: world().guard(), policies })
  const middleware = [createMiddleware({ name: 'wraps', wrapToolCall: (request, handler) => handler(request) })]
  for (const subject of ['ann', 'bob']) {
    const run = agentWith(tools, [[call('c', 'look')]], { middleware })
    const identity = await verified(subject)
    const input = { messages: [{ role: 'user', content: 'Go' }] }
    const stream = await run.agent.stream(input, { ...run.thread, context: { identity } })
    for await (const _ of stream);
  }
  expect(seen).toEqual(['ann', 'bob'])
})

test('createAgent runs one task a call: siblings are not run again, and pauses are resumed one by one', async () => {
  const { guard, answer, questions, pass } = world()
  const { tools, ran } = counted({}, guard())
  const identity = await verified()
  const run = agentWith(tools, [
    [
      call('a', 'pay', { amount: 1 }),
      call('b', 'pay', { amount: 2 }),
      call('c', 'look'),
      call('d', 'note', { amount: 3 }),
    ],
  ])
  await run.ask({ identity })
  expect(ran).toEqual({ look: 1, note: 1 })
  const paused = await pending(run)
  expect(paused.map(({ interrupt: { message } }) => message)).toEqual(['Pay 1', 'Pay 2'])
  answer('approved')
  pass()
  await run.go(new Command({ resume: { [paused[0]?.id ?? '']: true } }), { identity })
  // The other one had its answer too: LangGraph runs all open tasks again, and each asks the guard.
  expect(ran).toEqual({ look: 1, note: 1, pay: 2 })
  expect(questions.toSorted()).toEqual(['Pay 1', 'Pay 2'])
  expect(await pending(run)).toEqual([])
})

test('a body restarts from the top: it is asked once, and no code of it has run before the answer', async () => {
  const { guard, answer, questions, pass } = world()
  const { tools, ran } = counted({}, guard())
  const identity = await verified()
  const run = agentWith(tools, [[call('a', 'pay', { amount: 1 })]])
  await run.ask({ identity })
  const ids: string[] = []
  for (let early = 0; early < 3; early++) {
    pass()
    const [paused] = await pending(run)
    ids.push(paused?.id ?? '')
    await run.go(new Command({ resume: { [paused?.id ?? '']: true } }), { identity })
  }
  // LangGraph's own ids count the questions of a task; ours is of the call.
  expect(new Set(ids).size).toBe(1)
  expect(questions).toEqual(['Pay 1'])
  expect(ran).toEqual({})
  answer('approved')
  pass()
  const { command } = await resumeWhenResolved(await run.state(), { guard: guard(), identity })
  await run.go(command as Command, { identity })
  expect(ran).toEqual({ pay: 1 })
})

test('a middleware that wraps tool calls makes thrown errors reject the run: refusals are the same with and without', async () => {
  const failing = tool(
    () => {
      throw new Error('secret')
    },
    { name: 'look', description: 'Fails', schema: Nothing },
  )
  const read = tool(() => 'text', { name: 'read', description: 'Reads', schema: ById })
  const tools = guardTools([failing, read], { guard: world().guard(), policies })
  const identity = await verified()
  const steps = [[call('a', 'look'), call('b', 'read', { id: 'bob-1' })]]
  const middleware = [createMiddleware({ name: 'wraps', wrapToolCall: (request, handler) => handler(request) })]
  const told = await Promise.all(
    [{}, { middleware }].map(async (over) => {
      const { messages } = await agentWith(tools, steps, over).ask({ identity })
      return messages
        .filter((message) => ToolMessage.isInstance(message))
        .map(({ text, status, name }) => [name, text, status])
    }),
  )
  expect(told[0]).toEqual([
    ['look', 'This tool failed. What it did before it failed is not known.', 'error'],
    ['read', NOT_PERMITTED, 'error'],
  ])
  expect(told[1]).toEqual(told[0])
})

test('humanInTheLoopMiddleware is for reviewers in the app: its approval is not an approval of the guard', async () => {
  const { guard, questions } = world()
  const { tools, ran } = counted({}, guard())
  const identity = await verified()
  const run = agentWith(tools, [[call('a', 'pay', { amount: 1 })]], {
    // LangChain's own types of it do not fit each other under exactOptionalPropertyTypes.
    middleware: [humanInTheLoopMiddleware({ interruptOn: { pay: true } } as never) as never],
  })
  await run.ask({ identity })
  expect(await pending(run)).toEqual([])
  await run.go(new Command({ resume: { decisions: [{ type: 'approve' }] } }), { identity })
  expect(await pending(run)).toMatchObject([{ interrupt: { kind: 'approval_pending' } }])
  expect(questions).toEqual(['Pay 1'])
  expect(ran).toEqual({})
})

test('a GraphInterrupt that user code catches is lost: ours comes before any user code', async () => {
  const { guard } = world()
  let begun = 0
  const pay = tool(
    async () => {
      try {
        begun++
        return 'paid'
      } catch {
        return 'swallowed'
      }
    },
    { name: 'pay', description: 'Pays', schema: Amount },
  )
  const run = agentWith(guardTools([pay], { guard: guard(), policies }), [[call('a', 'pay', { amount: 1 })]])
  await run.ask({ identity: await verified() })
  expect(await pending(run)).toHaveLength(1)
  expect(begun).toBe(0)
})

test('a wake-up of ours is no answer to a question that the tool asks by an interrupt() of its own', async () => {
  const answers: unknown[] = []
  const look = tool(
    () => {
      answers.push(interrupt('Which colour?'))
      return 'looked'
    },
    { name: 'look', description: 'Looks', schema: Nothing },
  )
  const { guard } = world()
  const run = agentWith(guardTools([look], { guard: guard(), policies }), [[call('a', 'look')]])
  await run.ask()
  expect(await pending(run)).toMatchObject([{ interrupt: { kind: 'login_required' } }])
  const identity = await verified()
  const { command } = await resumeWhenResolved(await run.state(), { guard: guard(), identity })
  await run.go(command as Command, { identity })
  expect(answers).toEqual([])
  const [own] = (await run.state()).tasks.flatMap(({ interrupts }) => interrupts)
  expect(own?.value).toBe('Which colour?')
  expect(await pending(run)).toEqual([])
  const { messages } = await run.go(new Command({ resume: { [own?.id ?? '']: 'blue' } }), { identity })
  expect(answers).toEqual(['blue'])
  expect(toolTexts(messages)).toEqual(['looked'])
})

test('a graph inside a tool pauses, and its pause passes through the guard of the tool around it', async () => {
  const { guard, answer, pass } = world()
  const { tools, ran } = counted({}, guard())
  const [pay] = tools
  const inner = new StateGraph(MessagesAnnotation, Annotation.Root({ identity: Annotation<unknown> }))
    .addNode('pay', async () => ({ messages: [await pay.invoke({ amount: 9 })] as never }))
    .addEdge('__start__', 'pay')
    .compile()
  const look = tool(async () => String((await inner.invoke({ messages: [] })).messages.at(-1)?.content), {
    name: 'look',
    description: 'Delegates',
    schema: Nothing,
  })
  const identity = await verified()
  const run = agentWith(guardTools([look], { guard: guard(), policies }), [[call('a', 'look')]])
  await run.ask({ identity })
  expect(await pending(run)).toMatchObject([{ interrupt: { kind: 'approval_pending', message: 'Pay 9' } }])
  answer('approved')
  pass()
  const { command } = await resumeWhenResolved(await run.state(), { guard: guard(), identity })
  await run.go(command as Command, { identity })
  expect(ran).toEqual({ pay: 1 })
  expect(await pending(run)).toEqual([])
})
