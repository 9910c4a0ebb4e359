import { policy } from '@behalf/core'
import { buy, stockTools } from '@behalf/testing/contract'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type GuardRules, guardTools, type McpHandler, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { connectClient, textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => world.target.reset())

const rejections: unknown[] = []
const listener = (error: unknown) => void rejections.push(error)
beforeEach(() => {
  rejections.length = 0
  process.on('unhandledRejection', listener)
})
afterEach(() => void process.off('unhandledRejection', listener))

const SECRET = 'postgres://admin:secret@db'
const fail = (): never => {
  throw new Error(SECRET)
}
const legacy = { versionNegotiation: { mode: 'legacy' } } as const
const order = { name: 'create_order', arguments: buy(50) }

const handlers: readonly (readonly [string, (rules: GuardRules) => McpHandler])[] = [
  [
    'the v2 SDK',
    (rules) => {
      const { tools, policies } = stockTools(world.target)
      const guarded = guardTools({ ...tools, whoami: { ...tools.whoami, execute: fail } }, { ...rules, policies })
      return createMcpHandler(() => guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)))
        .fetch
    },
  ],
  [
    'the v1 SDK',
    (rules) => {
      const { tools, policies } = stockTools(world.target)
      const guarded = guardToolsV1({ ...tools, whoami: { ...tools.whoami, execute: fail } }, { ...rules, policies })
      return async (request, options) => {
        const transport = new TransportV1({})
        await guarded.register(new ServerV1({ name: 'x', version: '1' })).connect(transport)
        return transport.handleRequest(request, options as never)
      }
    },
  ],
]

const serve = (handler: McpHandler) => {
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
  world.port.serve(nodeHandler(gate, handler))
}

describe.each(handlers)('of an app with %s', (_name, handlerFor) => {
  test('the text of a `pageOf` that throws reaches `onError`, and not the client', async () => {
    const seen: unknown[] = []
    serve(handlerFor({ guard: world.guard(), waitSeconds: 0, pageOf: fail, onError: (error) => void seen.push(error) }))
    const client = await connectClient(world.resource, await world.token('ann'), legacy)
    const asked = await client.callTool(order)
    expect(asked).toMatchObject({ isError: true, _meta: { 'behalf/interrupt': { kind: 'approval_pending' } } })
    expect(JSON.stringify(asked)).not.toContain('secret')
    expect(new Set(seen.map(String))).toEqual(new Set([`Error: ${SECRET}`]))
  })

  test.each([
    ['is async, and rejects', async () => fail()],
    ['never ends', () => new Promise(() => {})],
    ['returns an object whose text throws', () => ({ toString: fail })],
  ])('a `pageOf` that %s gives no page, ends no process, and is told to `onError`', async (_how, pageOf) => {
    const seen: unknown[] = []
    const onError = (error: unknown) => void seen.push(error)
    serve(handlerFor({ guard: world.guard(), waitSeconds: 0, pageOf: pageOf as never, onError }))
    const client = await connectClient(world.resource, await world.token('ann'), legacy)
    const asked = await client.callTool(order)
    expect(asked).toMatchObject({ isError: true, _meta: { 'behalf/interrupt': { kind: 'approval_pending' } } })
    expect(JSON.stringify(asked)).not.toContain('secret')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(rejections).toEqual([])
    expect(String(seen[0])).toContain('guardTools.pageOf: returned no text')
  })

  test('a `pageOf` that changes the interrupt changes nothing that the client is told', async () => {
    const pageOf = (interrupt: { message: string }) => {
      interrupt.message = SECRET
      return undefined
    }
    serve(handlerFor({ guard: world.guard(), waitSeconds: 0, pageOf: pageOf as never }))
    const client = await connectClient(world.resource, await world.token('ann'), legacy)
    expect(await client.callTool(order)).toMatchObject({
      _meta: { 'behalf/interrupt': { message: 'Buy 50 shares of AAPL' } },
    })
  })

  test('an `onError` that rejects ends no process', async () => {
    const onError = async () => fail()
    serve(handlerFor({ guard: world.guard(), onError }))
    const client = await connectClient(world.resource, await world.token('ann'), legacy)
    const failed = await client.callTool({ name: 'whoami', arguments: {} })
    expect(failed).toMatchObject({ isError: true, _meta: { 'behalf/refusal': 'tool_failed' } })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(rejections).toEqual([])
  })
})

test('the text of a schema that throws reaches `onError`, and not the client', async () => {
  const Failing = z.strictObject({ id: z.string().refine(fail) })
  const seen: unknown[] = []
  const guarded = guardTools(
    { probe: { inputSchema: Failing, execute: fail } },
    { guard: world.guard(), policies: { probe: policy(Failing, {}) }, onError: (error) => void seen.push(error) },
  )
  serve(
    createMcpHandler(() => guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions))).fetch,
  )
  const client = await connectClient(world.resource, await world.token('ann'))
  const refused = await client.callTool({ name: 'probe', arguments: { id: 'x' } })
  expect(textOf(refused)).toContain('This tool is not set up correctly.')
  expect(JSON.stringify(refused)).not.toContain('secret')
  expect(seen.map(String)).toEqual([`Error: ${SECRET}`])
})
