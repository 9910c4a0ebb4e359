import { type Guard, type Identity, may, object, policy, publicTool } from '@behalf/core'
import type { DynamicStructuredTool } from '@langchain/core/tools'
import { tool } from '@langchain/core/tools'
import { createAgent, fakeModel } from 'langchain'
import { expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'

declare const guard: Guard
declare const identity: Identity

const Order = z.strictObject({ symbol: z.string(), quantity: z.number() })
const price = tool(async ({ symbol }) => `${symbol}: 1`, {
  name: 'get_price',
  description: 'x',
  schema: z.strictObject({ symbol: z.string() }),
})
const order = tool(async ({ symbol }) => ({ id: symbol }), { name: 'create_order', description: 'x', schema: Order })
const policies = {
  get_price: publicTool(z.strictObject({ symbol: z.string() })),
  create_order: policy(Order, { permission: ({ input }) => may('can_trade', object('stock', input.symbol)) }),
}

test('the tools keep their types, in their order', () => {
  const guarded = guardTools([price, order], { guard, policies })
  expectTypeOf(guarded).toEqualTypeOf<readonly [typeof price, typeof order]>()
  expectTypeOf(guarded[1].name).toEqualTypeOf<'create_order'>()
  expectTypeOf(guarded[1].invoke({ symbol: 'AAPL', quantity: 1 })).resolves.toExtend<{ id: string } | object>()
})

test('a tool that is made in place keeps its name too', () => {
  const wrong = () => {
    guardTools([tool(async () => 'x', { name: 'get_price', description: 'x', schema: Order })], {
      guard,
      // @ts-expect-error a policy for another tool's input
      policies: { get_price: policies.get_price },
    })
  }
  expectTypeOf(wrong).returns.toBeVoid()
})

test('policies of further tools may stand in the same object, and tools known only at run time pass', () => {
  guardTools([order], { guard, policies })
  const found: DynamicStructuredTool[] = []
  guardTools(found, { guard, policies: Object.fromEntries(found.map(({ name }) => [name, policies.get_price])) })
})

test('what does not compile', () => {
  const wrong = () => {
    // @ts-expect-error a tool without a policy
    guardTools([price, order], { guard, policies: { get_price: policies.get_price } })
    // @ts-expect-error a policy for another tool's input
    guardTools([price, order], { guard, policies: { ...policies, create_order: policies.get_price } })
    // @ts-expect-error an object that no policy() made
    guardTools([price, order], { guard, policies: { ...policies, get_price: {} } })
    // @ts-expect-error an unknown option
    guardTools([price, order], { guard, policies, identiy: undefined })
    // @ts-expect-error a user id is no identity
    guardTools([price, order], { guard, policies, identity: 'ann' })
    // @ts-expect-error guarded tools come with a guard
    guardTools([price, order], { policies })
  }
  expectTypeOf(wrong).returns.toBeVoid()
})

test('a run without identity does not compile where the agent says that it needs one', () => {
  const agent = createAgent({
    model: fakeModel(),
    tools: [...guardTools([price, order], { guard, policies })],
    contextSchema: z.object({ identity: z.custom<Identity>() }),
  })
  const messages = [{ role: 'user', content: 'Go' }]
  const runs = () => {
    agent.invoke({ messages }, { context: { identity } })
    // @ts-expect-error the context has no identity
    agent.invoke({ messages }, { context: {} })
    // @ts-expect-error a subject is no identity
    agent.invoke({ messages }, { context: { identity: 'ann' } })
  }
  expectTypeOf(runs).returns.toBeVoid()
})
