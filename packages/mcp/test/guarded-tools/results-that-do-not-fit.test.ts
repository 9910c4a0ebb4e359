import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, type McpHandler, mcpResourceServer } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Order = z.strictObject({ quantity: z.number() })
const Placed = z.object({ status: z.enum(['filled']) })

const circular: { self?: unknown } = {}
circular.self = circular

/** What a body gives of which no client gets a result, and the schema that its tool lists. */
const unfit: readonly (readonly [name: string, gives: unknown, outputSchema: z.ZodType | undefined])[] = [
  ['that its output schema does not take', { status: 'partly filled' }, Placed],
  ['without the structure that its output schema asks for', 'placed', Placed],
  ['with a number that JSON does not have', { quantity: 10n }, undefined],
  ['with such a number in its structure', { content: [], structuredContent: { quantity: 10n } }, undefined],
  ['that holds itself', circular, undefined],
  ['that is no value of JSON', Symbol('placed'), undefined],
  ['with a block that MCP does not have', { content: [{ type: 'picture', text: 'placed' }] }, undefined],
  ['with a block that lacks its text', { content: [{ type: 'text' }] }, undefined],
]

const task = { capabilities: { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } } }

/** A write behind the guard of an SDK, which places an order and gives that. */
function serve(kind: 'v2' | 'v1', gives: unknown, outputSchema?: z.ZodType) {
  const seen = { orders: 0, errors: [] as unknown[] }
  const place = {
    inputSchema: Order,
    ...(outputSchema && { outputSchema }),
    execute: () => {
      seen.orders++
      return gives
    },
  }
  const options = {
    guard: world.guard(),
    policies: { place: policy(Order, { effect: 'write' }) },
    onError: (error: unknown) => void seen.errors.push(error),
  }
  const handlers: Readonly<Record<typeof kind, () => McpHandler>> = {
    v2: () => {
      const guarded = guardTools({ place }, options)
      const make = () => guarded.register(new McpServer({ name: 's', version: '1' }, guarded.serverOptions))
      return createMcpHandler(make).fetch
    },
    v1: () => async (request, init) => {
      const server = new ServerV1({ name: 's', version: '1' }, { ...task, taskStore: new InMemoryTaskStore() })
      const transport = new WebStandardStreamableHTTPServerTransport()
      await guardToolsV1({ place }, options).register(server).connect(transport)
      return transport.handleRequest(request, init as never)
    },
  }
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
  const served = gate.handle(handlers[kind]())
  const token = world.token('ann')
  const call = async (more: object = {}) => {
    const headers = {
      authorization: `Bearer ${await token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
    }
    const params = { name: 'place', arguments: { quantity: 1 }, ...more }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params })
    return (await served(new Request(world.resource, { method: 'POST', headers, body }))).text()
  }
  return { call, seen }
}

describe.each(['v2', 'v1'] as const)('a result (%s SDK)', (kind) => {
  test.each(unfit)(
    verifies('A13', '%s leaves the write in doubt: a client that tries again is told so, and nothing is done again'),
    async (_name, gives, outputSchema) => {
      const { call, seen } = serve(kind, gives, outputSchema)
      const first = await call()
      expect(first).toContain('What it did before it failed is not known.')
      expect(await call()).toContain('unknown_outcome')
      expect(seen).toEqual({ orders: 1, errors: [expect.any(TypeError)] })
    },
  )

  test('of an error needs no structure', async () => {
    const failed = { content: [{ type: 'text', text: 'The market is closed.' }], isError: true }
    expect(await serve(kind, failed, Placed).call()).toContain('The market is closed.')
  })

  test('that fits is told as it is', async () => {
    expect(await serve(kind, { status: 'filled', note: undefined }, Placed).call()).toContain('"status":"filled"')
  })
})

test('a call of the v1 SDK that asks for a task is refused before it acts: its result would be no task', async () => {
  const { call, seen } = serve('v1', 'placed')
  expect(await call({ task: { ttl: 1000 } })).toContain('-32601')
  expect(seen.orders).toBe(0)
  expect(await call()).toContain('placed')
})
