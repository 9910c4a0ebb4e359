// The AI SDK reads arguments by the tool's schema before the guard, and not when a call goes on from messages: the call is what
// was written.
import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { generateText, isStepCount, type ModelMessage, streamText, tool } from 'ai'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, resumeWhenResolved } from '../../src/index.ts'
import { answering, call } from '../scripted-model.ts'
import { user } from '../turn.ts'
import { world } from '../world.ts'

const other = () => crypto.randomUUID()
const amount = z.number()

type Arguments = Readonly<Record<string, unknown>>

async function payments(schema: z.ZodType, needsApproval = false) {
  const target = await world()
  const guard = target.guard()
  const ran: unknown[] = []
  const pay = tool({
    inputSchema: schema as z.ZodType<Arguments>,
    execute: async (input) => {
      ran.push(input)
      return 'paid'
    },
  })
  const rule = needsApproval ? { approval: { message: () => 'Pay' } } : ({ effect: 'write' } as const)
  const policies = { pay: policy(schema as z.ZodType<Arguments>, rule) }
  const make = (identity?: Awaited<ReturnType<typeof target.login>>) =>
    guardTools({ pay }, { guard, identity, threadId: 'thread-1', policies })
  return { target, guard, ran, make }
}

const stopWhen = isStepCount(3)
const json = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value

test.each([
  ['a default', z.strictObject({ amount, at: z.string().default(other) }), { amount: 1 }],
  [
    'a default of an object within',
    z.strictObject({ in: z.strictObject({ at: z.string().default(other) }) }),
    { in: {} },
  ],
  ['a value before it is parsed', z.strictObject({ at: z.preprocess((value) => value ?? other(), z.string()) }), {}],
  ['a value in place of a wrong one', z.strictObject({ amount, at: z.string().catch(other) }), { amount: 1, at: 2 }],
])(
  verifies('A12', 'an answer of a model that is replayed runs a write once, though a schema makes it another one: %s'),
  async (_, schema, args) => {
    const { target, ran, make } = await payments(schema)
    const identity = await target.login()
    const model = () => answering([[call('1', 'pay', args)]])
    for (let times = 0; times < 2; times++) {
      await generateText({ model: model(), prompt: 'Go', ...make(identity), stopWhen })
      await streamText({ model: model(), prompt: 'Go', ...make(identity), stopWhen }).consumeStream()
    }
    expect(ran).toHaveLength(1)
  },
)

const Coerced = z.strictObject({ amount: z.coerce.number() })

test.each([undefined, { pay: (input: Arguments) => ({ ...input }) }])(
  'a call whose arguments the schema reads as others is asked about once and runs once: refined by %o',
  async (experimental_refineToolInput) => {
    const { target, guard, ran, make } = await payments(Coerced, true)
    const identity = await target.login()
    const settings = () => ({
      ...make(identity),
      stopWhen,
      ...(experimental_refineToolInput && { experimental_refineToolInput }),
    })
    const step = [call('1', 'pay', { amount: '1' })]
    const start = [user('Go')]
    const { responseMessages } = await generateText({ model: answering([step]), messages: start, ...settings() })
    const { controls } = target.authorizationServer
    expect(await controls.pendingRequests()).toHaveLength(1)
    await controls.approve()
    target.clock.advance(10)
    const saved = json([...start, ...responseMessages])
    const { messages } = await resumeWhenResolved(saved, { guard, identity, threadId: 'thread-1' })
    for (let times = 0; times < 2; times++) await generateText({ model: answering([]), messages, ...settings() })
    await generateText({ model: answering([step]), messages: start, ...settings() })
    expect([ran, await controls.pendingRequests()]).toEqual([[{ amount: 1 }], []])
  },
)

test('a client that writes arguments in another way, which the schema reads as the same, runs nothing again', async () => {
  const { target, guard, ran, make } = await payments(Coerced)
  const start = [user('Go')]
  const model = answering([[call('1', 'pay', { amount: '1' })]])
  const { responseMessages } = await generateText({ model, messages: start, ...make(), stopWhen })
  const identity = await target.login()
  const saved = json([...start, ...responseMessages])
  const { messages } = await resumeWhenResolved(saved, { guard, identity, threadId: 'thread-1' })
  const send = (sent: ModelMessage[]) =>
    generateText({ model: answering([]), messages: sent, ...make(identity), stopWhen })
  await send(messages)
  expect(ran).toEqual([{ amount: 1 }])
  const text = JSON.stringify(messages)
  expect(text).toContain('"inputSchemaInput":{"amount":"1"}')
  for (const written of ['{"amount":"01"}', '{"amount":1}', '{"amount":true}']) {
    await send(JSON.parse(text.replace('{"amount":"1"}', written)) as ModelMessage[])
  }
  await send(
    JSON.parse(
      text.replace('"inputSchemaInput":{"amount":"1"},', '').replace(',"inputSchemaInput":{"amount":"1"}', ''),
    ) as ModelMessage[],
  )
  expect(ran).toEqual([{ amount: 1 }])
})
