import { type Guard, type Identity, may, object, policy, publicTool } from '@behalf/core'
import { generateText, type InferToolInput, type InferToolOutput, streamText, tool } from 'ai'
import { MockLanguageModelV4 } from 'ai/test'
import { expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../../src/index.ts'

declare const guard: Guard
declare const identity: Identity

const Order = z.strictObject({ symbol: z.string(), quantity: z.number() })
const tools = {
  get_price: tool({ inputSchema: z.strictObject({ symbol: z.string() }), execute: async () => 1 }),
  create_order: tool({ inputSchema: Order, execute: async ({ symbol }) => ({ id: symbol }) }),
}
const policies = {
  get_price: publicTool(z.strictObject({ symbol: z.string() })),
  create_order: policy(Order, { permission: ({ input }) => may('can_trade', object('stock', input.symbol)) }),
}
const model = new MockLanguageModelV4()

test('the tools keep their types, and the whole spreads into both calls', () => {
  const guarded = guardTools(tools, { guard, policies, identity: undefined, threadId: 't' })
  expectTypeOf(guarded.tools).toEqualTypeOf<typeof tools>()
  expectTypeOf<InferToolInput<typeof guarded.tools.create_order>>().toEqualTypeOf<{
    symbol: string
    quantity: number
  }>()
  expectTypeOf<InferToolOutput<typeof guarded.tools.create_order>>().toEqualTypeOf<{ id: string }>()
  const check = async () => {
    const result = await generateText({ model, prompt: 'x', ...guarded })
    for (const one of result.toolResults) {
      if (one.dynamic !== true && one.toolName === 'create_order')
        expectTypeOf(one.output).toEqualTypeOf<{ id: string }>()
    }
    streamText({ model, prompt: 'x', ...guarded, runtimeContext: { request: 1 } })
  }
  expectTypeOf(check).returns.resolves.toBeVoid()
})

test('policies of further tools may stand in the same object', () => {
  const more = { ...policies, whoami: policy(z.strictObject({}), {}) }
  expectTypeOf(guardTools(tools, { guard, policies: more, identity: undefined, threadId: 't' }).tools).toEqualTypeOf<
    typeof tools
  >()
})

test('what does not compile', () => {
  const wrong = () => {
    // @ts-expect-error a tool without a policy
    guardTools(tools, { guard, policies: { get_price: policies.get_price }, identity, threadId: 't' })
    // @ts-expect-error a policy for another tool's input
    guardTools(tools, { guard, policies: { ...policies, create_order: policies.get_price }, identity, threadId: 't' })
    // @ts-expect-error an object that no policy() made
    guardTools(tools, { guard, policies: { ...policies, get_price: {} }, identity, threadId: 't' })
    // @ts-expect-error no thread
    guardTools(tools, { guard, policies, identity })
    // @ts-expect-error no word about whom it acts for
    guardTools(tools, { guard, policies, threadId: 't' })
    // @ts-expect-error an unknown option
    guardTools(tools, { guard, policies, identity, threadId: 't', identiy: undefined })
    // @ts-expect-error an identity that is only shaped like one is caught when it runs; a user id is caught here
    guardTools(tools, { guard, policies, threadId: 't', identity: 'ann' })
    // @ts-expect-error a tool that there is not
    guardTools(tools, { guard, policies, identity, threadId: 't', streaming: ['get_prize'] })
  }
  expectTypeOf(wrong).returns.toBeVoid()
})
