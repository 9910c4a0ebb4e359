import { type Options, type Query, tool } from '@anthropic-ai/claude-agent-sdk'
import { currentIdentity, type Guard, type Identity, may, object, policy, publicTool } from '@behalf/core'
import { connection } from '@behalf/core/vault'
import { expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { type GuardedTools, guardTools, queryWith } from '../src/index.ts'

declare const guard: Guard
declare const identity: Identity

const order = { symbol: z.string(), quantity: z.number() }
const Order = z.strictObject(order)
const none = async () => ({ content: [] })
const tools = {
  get_price: tool('get_price', 'x', { symbol: z.string() }, none),
  create_order: tool('create_order', 'x', order, none),
}
const policies = {
  get_price: publicTool(z.strictObject({ symbol: z.string() })),
  create_order: policy(Order, { permission: ({ input }) => may('can_trade', object('stock', input.symbol)) }),
}
const rest = { guard, identity }

test('query takes the guarded tools', () => {
  const guarded = guardTools(tools, { ...rest, policies })
  expectTypeOf(guarded).toEqualTypeOf<GuardedTools>()
  const { mcpServers, hooks } = guarded
  expectTypeOf({ mcpServers, hooks }).toExtend<Options>()
  expectTypeOf(queryWith).returns.toEqualTypeOf<Query>()
})

test('policies of further tools may stand in the same object, and the identity may be a function', () => {
  const more = { ...policies, whoami: policy(z.strictObject({}), {}) }
  expectTypeOf(guardTools(tools, { guard, identity: currentIdentity, policies: more })).toEqualTypeOf<GuardedTools>()
})

test('what does not compile', () => {
  const trade = connection('x', { scopes: ['a'], origins: ['https://x.example'] })
  const wrong = () => {
    // @ts-expect-error a tool without a policy
    guardTools(tools, { ...rest, policies: { get_price: policies.get_price } })
    // @ts-expect-error a policy for another tool's input
    guardTools(tools, { ...rest, policies: { ...policies, create_order: policies.get_price } })
    // @ts-expect-error an object that no policy() made
    guardTools(tools, { ...rest, policies: { ...policies, get_price: {} } })
    // @ts-expect-error no identity is given
    guardTools(tools, { guard, policies })
    // @ts-expect-error a user id is no identity
    guardTools(tools, { ...rest, policies, identity: 'ann' })
    // @ts-expect-error an unknown option
    guardTools(tools, { ...rest, policies, sessionId: 't' })
    const Bash = policy(z.looseObject({}), { access: { trade } })
    // @ts-expect-error a hook carries no credential to a built-in tool
    guardTools(tools, { ...rest, policies, builtIn: { policies: { Bash } } })
  }
  expectTypeOf(wrong).returns.toBeVoid()
})
