import { policy } from '@behalf/core'
import { roleMap } from '@behalf/core/roles'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, type McpHandler, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { connectClient } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Nothing = z.strictObject({})
const tool = { inputSchema: Nothing, execute: () => 'ran' }
const tools = { open: tool, hidden: tool }
const policies = { open: policy(Nothing, {}), hidden: policy(Nothing, { roles: ['an unknown role'] }) }
const guard = () => world.guard({ roles: roleMap({ claim: 'roles', scopes: { trader: ['trade:write'] } }) })
const capabilities = { tools: {} }
const other = async () => ({ content: [] })

type Before = (server: { registerTool(name: string, config: object, body: () => unknown): unknown }) => void
const orders: readonly (readonly [string, object, Before])[] = [
  ['that declares its tools', { capabilities }, () => {}],
  ['that has other tools already', {}, (server) => server.registerTool('other', {}, other)],
  ['that does both', { capabilities }, (server) => server.registerTool('other', {}, other)],
]

const names = async (handler: McpHandler) => {
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
  world.port.serve(nodeHandler(gate, handler))
  const legacy = { versionNegotiation: { mode: 'legacy' } } as const
  const client = await connectClient(world.resource, await world.token('ann'), legacy)
  return (await client.listTools()).tools.map(({ name }) => name).filter((name) => name !== 'other')
}

describe.each(orders)('a server %s', (_name, more, before) => {
  test('gets guarded tools, and its list is filtered (v2 SDK)', async () => {
    const guarded = guardTools(tools, { guard: guard(), policies })
    const mcp = createMcpHandler(() => {
      const server = new McpServer({ name: 'x', version: '1' }, { ...guarded.serverOptions, ...more })
      before(server as never)
      return guarded.register(server)
    })
    expect(await names(mcp.fetch)).toEqual(['open'])
  })

  test('gets guarded tools, and its list is filtered (v1 SDK)', async () => {
    const guarded = guardToolsV1(tools, { guard: guard(), policies })
    const handler: McpHandler = async (request, options) => {
      const server = new ServerV1({ name: 'x', version: '1' }, more)
      before(server as never)
      const transport = new WebStandardStreamableHTTPServerTransport()
      await guarded.register(server).connect(transport)
      return transport.handleRequest(request, options as never)
    }
    expect(await names(handler)).toEqual(['open'])
  })
})

test('two sets of guarded tools on one server are both filtered', async () => {
  const first = guardTools({ open: tool }, { guard: guard(), policies })
  const second = guardTools({ hidden: tool }, { guard: guard(), policies })
  const mcp = createMcpHandler(() =>
    second.register(first.register(new McpServer({ name: 'x', version: '1' }, first.serverOptions))),
  )
  expect(await names(mcp.fetch)).toEqual(['open'])
})
