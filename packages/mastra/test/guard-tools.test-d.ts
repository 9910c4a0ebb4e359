import { currentIdentity, type Guard, type Identity, may, object, policy, publicTool } from '@behalf/core'
import { createTool } from '@mastra/core/tools'
import { expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/index.ts'

declare const guard: Guard
declare const identity: Identity

const Order = z.strictObject({ symbol: z.string(), quantity: z.number() })
const tools = {
  get_price: createTool({
    id: 'get_price',
    description: 'x',
    inputSchema: z.strictObject({ symbol: z.string() }),
    execute: async () => 1,
  }),
  create_order: createTool({
    id: 'create_order',
    description: 'x',
    inputSchema: Order,
    outputSchema: z.object({ id: z.string() }),
    execute: async ({ symbol }) => ({ id: symbol }),
  }),
}
const policies = {
  get_price: publicTool(z.strictObject({ symbol: z.string() })),
  create_order: policy(Order, { permission: ({ input }) => may('can_trade', object('stock', input.symbol)) }),
}

test('the tools keep their types', () => {
  expectTypeOf(guardTools(tools, { guard, policies, identity })).toEqualTypeOf<typeof tools>()
  expectTypeOf(guardTools(tools, { guard, policies, identity: undefined })).toEqualTypeOf<typeof tools>()
  expectTypeOf(guardTools(tools, { guard, policies, identity: currentIdentity })).toEqualTypeOf<typeof tools>()
})

test('policies of further tools may stand in the same object', () => {
  const more = { ...policies, whoami: policy(z.strictObject({}), {}) }
  expectTypeOf(guardTools(tools, { guard, policies: more, identity })).toEqualTypeOf<typeof tools>()
})

test('what does not compile', () => {
  const wrong = () => {
    // @ts-expect-error a tool without a policy
    guardTools(tools, { guard, policies: { get_price: policies.get_price }, identity })
    // @ts-expect-error a policy for another tool's input
    guardTools(tools, { guard, policies: { ...policies, create_order: policies.get_price }, identity })
    // @ts-expect-error an object that no policy() made
    guardTools(tools, { guard, policies: { ...policies, get_price: {} }, identity })
    // @ts-expect-error no word about whom it acts for
    guardTools(tools, { guard, policies })
    // @ts-expect-error a user id is no identity
    guardTools(tools, { guard, policies, identity: 'ann' })
    // @ts-expect-error an unknown option
    guardTools(tools, { guard, policies, identity, threadId: 't' })
  }
  expectTypeOf(wrong).returns.toBeVoid()
})
