import { type Guard, may, object, policy, publicTool } from '@behalf/core'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import { createMcpSession, machineAccess } from '../../src/client/index.ts'
import {
  type GuardedTools,
  guardTools,
  type McpResourceServerOptions,
  mcpResourceServer,
} from '../../src/server/index.ts'

declare const guard: Guard
declare const gateOptions: McpResourceServerOptions

const Price = z.strictObject({ symbol: z.string() })
const Order = z.strictObject({ symbol: z.string(), quantity: z.number() })
const tools = {
  get_price: { inputSchema: Price, execute: async ({ symbol }: z.infer<typeof Price>) => symbol },
  create_order: { inputSchema: Order, execute: async ({ quantity }: z.infer<typeof Order>) => quantity },
}
const policies = {
  get_price: publicTool(Price),
  create_order: policy(Order, { permission: ({ input }) => may('can_trade', object('stock', input.symbol)) }),
}

test('tools that are written in place know their input, and the whole fits both ends', () => {
  const guarded = guardTools(
    { price: { inputSchema: Price, execute: ({ symbol }) => expectTypeOf(symbol).toEqualTypeOf<string>() } },
    { guard, policies: { price: publicTool(Price) } },
  )
  expectTypeOf(guarded).toEqualTypeOf<GuardedTools>()
  const gate = mcpResourceServer(gateOptions)
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
  )
  expectTypeOf(gate.handle(mcp.fetch)).returns.resolves.toEqualTypeOf<Response>()
})

test('what does not compile', () => {
  const wrong = () => {
    // @ts-expect-error a tool without a policy
    guardTools(tools, { guard, policies: { get_price: policies.get_price } })
    // @ts-expect-error a policy for another tool's input
    guardTools(tools, { guard, policies: { ...policies, create_order: policies.get_price } })
    // @ts-expect-error an object that no policy() made
    guardTools(tools, { guard, policies: { ...policies, get_price: {} } })
    // @ts-expect-error an unknown option: the request says for whom a call is
    guardTools(tools, { guard, policies, identity: 'ann' })
    // @ts-expect-error a tool's rules are scopes and logins
    mcpResourceServer({ ...gateOptions, tools: { get_price: { scope: 'a' } } })
    // @ts-expect-error neither secret, key nor token of the platform
    machineAccess({ serverUrl: 's', issuer: 'i', clientId: 'c' })
    // @ts-expect-error a session without an owner
    createMcpSession({ serverUrl: 's', client: { name: 'x', redirectUri: 'r' } })
  }
  expectTypeOf(wrong).returns.toBeVoid()
})
