import { currentIdentity, type Guard, type Identity, may, object, policy, publicTool } from '@behalf/core'
import { Agent, type RunState, tool } from '@openai/agents'
import { expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { guardTools, restoreRun } from '../src/index.ts'

declare const guard: Guard
declare const identity: Identity

const Order = z.strictObject({ symbol: z.string(), quantity: z.number() })
const tools = {
  get_price: tool({
    name: 'get_price',
    description: 'x',
    parameters: z.strictObject({ symbol: z.string() }),
    execute: async () => 1,
  }),
  create_order: tool({
    name: 'create_order',
    description: 'x',
    parameters: Order,
    execute: async ({ symbol }) => symbol,
  }),
}
const policies = {
  get_price: publicTool(z.strictObject({ symbol: z.string() })),
  create_order: policy(Order, { permission: ({ input }) => may('can_trade', object('stock', input.symbol)) }),
}
const rest = { guard, identity, threadId: 't' }

test('the tools keep their types, and an agent takes them', () => {
  const guarded = guardTools(tools, { ...rest, policies })
  expectTypeOf(guarded).toEqualTypeOf<typeof tools>()
  expectTypeOf(guardTools(tools, { ...rest, policies, identity: undefined })).toEqualTypeOf<typeof tools>()
  expectTypeOf(guardTools(tools, { ...rest, policies, identity: currentIdentity })).toEqualTypeOf<typeof tools>()
  expectTypeOf(new Agent({ name: 'x', tools: Object.values(guarded) })).toExtend<Agent>()
})

test('policies of further tools may stand in the same object', () => {
  const more = { ...policies, whoami: policy(z.strictObject({}), {}) }
  expectTypeOf(guardTools(tools, { ...rest, policies: more })).toEqualTypeOf<typeof tools>()
})

test('a restored run has the context of its agent', () => {
  type Context = { readonly locale: string }
  const agent = new Agent<Context>({ name: 'x' })
  expectTypeOf(restoreRun(agent, '', { context: { locale: 'en' } })).resolves.toExtend<
    RunState<Context, typeof agent>
  >()
})

test('what does not compile', () => {
  const wrong = () => {
    // @ts-expect-error a tool without a policy
    guardTools(tools, { ...rest, policies: { get_price: policies.get_price } })
    // @ts-expect-error a policy for another tool's input
    guardTools(tools, { ...rest, policies: { ...policies, create_order: policies.get_price } })
    // @ts-expect-error an object that no policy() made
    guardTools(tools, { ...rest, policies: { ...policies, get_price: {} } })
    // @ts-expect-error no identity is given
    guardTools(tools, { guard, policies, threadId: 't' })
    // @ts-expect-error no thread is given
    guardTools(tools, { guard, policies, identity })
    // @ts-expect-error a user id is no identity
    guardTools(tools, { ...rest, policies, identity: 'ann' })
    // @ts-expect-error an unknown option
    guardTools(tools, { ...rest, policies, sessionId: 't' })
    // @ts-expect-error another context than that of the agent
    restoreRun(new Agent<{ readonly locale: string }>({ name: 'x' }), '', { context: 'en' })
  }
  expectTypeOf(wrong).returns.toBeVoid()
})
