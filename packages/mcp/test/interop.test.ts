import { type IncomingMessage, request } from 'node:http'
import { createMCPClient } from '@ai-sdk/mcp'
import { memoryStore } from '@behalf/core'
import { buy, stockTools } from '@behalf/testing/contract'
import { MultiServerMCPClient } from '@langchain/mcp-adapters'
import { MCPClient } from '@mastra/mcp'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import express from 'express'
import { Hono } from 'hono'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { createMcpSession, withSignIn } from '../src/client/index.ts'
import { guardTools, honoHandler, mcpResourceServer, nodeHandler } from '../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../src/v1/index.ts'
import { browserOf } from './browser.ts'
import { connectClient, textOf } from './connect-client.ts'
import { openWorld, PATIENCE_MS, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(async () => {
  await world.target.reset()
  world.serve()
})

/** A session of Ann's, for clients that take a provider. */
function session() {
  const browser = browserOf(world.target, 'ann')
  const made = createMcpSession({
    serverUrl: world.resource,
    owner: 'ann',
    client: { name: 'An agent', redirectUri: 'http://127.0.0.1/callback' },
    showSignIn: (url) => browser.show(url),
    store: memoryStore(),
  })
  return { session: made, browser }
}

/** The same, signed in already. */
async function signedIn() {
  const { session: made, browser } = session()
  await withSignIn(made, browser.callback, async () => {
    const { Client } = await import('@modelcontextprotocol/client')
    const client = new Client({ name: 'x', version: '1' })
    await client.connect(new StreamableHTTPClientTransport(new URL(world.resource), made))
    await client.close()
  })
  return made
}

describe('clients of others', () => {
  test('the v1 client, signing in by our session', async () => {
    const { session: made, browser } = session()
    const client = await withSignIn(made, browser.callback, async () => {
      const client = new ClientV1({ name: 'v1', version: '1' })
      await client.connect(new TransportV1(new URL(world.resource), made as never) as never)
      return client
    })
    onTestFinished(() => client.close())
    expect((await client.listTools()).tools.map(({ name }) => name)).toContain('create_order')
    expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toContain('"subject":"ann"')
    const refused = await client.callTool({ name: 'create_order', arguments: buy(50, { portfolio: 'p-bob' }) })
    expect(textOf(refused)).toBe('This action is not permitted.')
  })

  test('LangChain’s MCP adapters', async () => {
    const { authProvider } = await signedIn()
    const client = new MultiServerMCPClient({
      mcpServers: { stock: { transport: 'http', url: world.resource, authProvider: authProvider as never } },
    })
    onTestFinished(() => client.close())
    const tools = await client.getTools()
    const whoami = tools.find(({ name }) => name.endsWith('whoami'))
    expect(JSON.stringify(await whoami?.invoke({}))).toContain('ann')
    const order = tools.find(({ name }) => name.endsWith('create_order'))
    await expect(order?.invoke(buy(50, { portfolio: 'p-bob' }))).rejects.toThrow('not permitted')
  })

  test('LangChain’s MCP adapters, signing in by our session', async () => {
    const { session: made, browser } = session()
    const tools = await withSignIn(made, browser.callback, async () => {
      const { authProvider } = made
      const client = new MultiServerMCPClient({
        mcpServers: { stock: { transport: 'http', url: world.resource, authProvider: authProvider as never } },
      })
      onTestFinished(() => client.close())
      return client.getTools()
    })
    const whoami = tools.find(({ name }) => name.endsWith('whoami'))
    expect(JSON.stringify(await whoami?.invoke({}))).toContain('ann')
    expect(browser.visited).toHaveLength(1)
  })

  test('AI SDK’s MCP client, signing in by our session', async () => {
    const { session: made, browser } = session()
    const client = await withSignIn(made, browser.callback, () =>
      // Its own transport tells a provider nothing of what it discovered; it takes the SDK's, which does.
      createMCPClient({ transport: new StreamableHTTPClientTransport(new URL(world.resource), made) as never }),
    )
    onTestFinished(() => client.close())
    const tools = await client.tools()
    const result = await tools.whoami?.execute({}, { toolCallId: 'c', messages: [], context: {} } as never)
    expect(JSON.stringify(result)).toContain('ann')
    expect(browser.visited).toHaveLength(1)
  })

  test('Mastra’s MCP client, signing in by our session', async () => {
    const { session: made, browser } = session()
    const tools = await withSignIn(made, browser.callback, async () => {
      const { authProvider, fetch } = made
      const client = new MCPClient({
        id: crypto.randomUUID(),
        servers: {
          stock: {
            url: new URL(world.resource),
            authProvider: authProvider as never,
            fetch,
            connectTimeout: PATIENCE_MS,
          },
        },
      })
      onTestFinished(() => client.disconnect())
      // `listTools` would log the refusal, and answer with no tools.
      const { tools, errors } = await client.listToolsWithErrors()
      if (Object.keys(errors).length > 0) throw new Error(JSON.stringify(errors))
      return tools
    })
    const whoami = Object.entries(tools).find(([name]) => name.endsWith('whoami'))?.[1]
    expect(JSON.stringify(await whoami?.execute?.({} as never, {} as never))).toContain('ann')
    expect(browser.visited).toHaveLength(1)
  })

  test('AI SDK’s MCP client', async () => {
    const { authProvider } = await signedIn()
    const client = await createMCPClient({
      transport: { type: 'http', url: world.resource, authProvider: authProvider as never },
    })
    onTestFinished(() => client.close())
    const tools = await client.tools()
    const result = await tools.whoami?.execute({}, { toolCallId: 'c', messages: [], context: {} } as never)
    expect(JSON.stringify(result)).toContain('ann')
  })

  test('Mastra’s MCP client', async () => {
    const { authProvider } = await signedIn()
    const client = new MCPClient({
      id: 'stock',
      servers: {
        stock: { url: new URL(world.resource), authProvider: authProvider as never, connectTimeout: PATIENCE_MS },
      },
    })
    onTestFinished(() => client.disconnect())
    const tools = await client.listTools()
    const whoami = Object.entries(tools).find(([name]) => name.endsWith('whoami'))?.[1]
    expect(JSON.stringify(await whoami?.execute?.({} as never, {} as never))).toContain('ann')
  })
})

describe('where a server is mounted', () => {
  const gate = () =>
    mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, scopes: ['mcp:tools'] })
  const handler = () => {
    const { tools, policies } = stockTools(world.target)
    const guarded = guardTools(tools, { guard: world.guard(), policies })
    return createMcpHandler(() => guarded.register(new McpServer({ name: 's', version: '1' }, guarded.serverOptions)))
  }
  const whoami = async () =>
    textOf(await (await connectClient(world.resource, await world.token('ann'))).callTool({ name: 'whoami' }))

  test.each([true, false])('on Express, with a JSON parser before it: %s', async (isParsed) => {
    const app = express()
    if (isParsed) app.use(express.json())
    app.use(nodeHandler(gate(), handler().fetch))
    app.get('/other', (_request, response) => void response.send('other'))
    world.port.serve(app)
    expect(await whoami()).toContain('"subject":"ann"')
    expect(await (await fetch(`${world.port.origin}/other`)).text()).toBe('other')
    expect((await fetch(world.resource, { method: 'POST' })).status).toBe(401)
    expect((await fetch(gate().metadataUrl)).status).toBe(200)
  })

  test.each([true, false])(
    'refuses TRACE, which no fetch Request can be, and reports no error (Express: %s)',
    async (isExpress) => {
      const onError = vi.fn()
      const listener = nodeHandler(gate(), handler().fetch, { onError })
      world.port.serve(isExpress ? express().use(listener) : listener)
      const { statusCode, headers } = await new Promise<IncomingMessage>((resolve, reject) => {
        request(world.resource, { method: 'TRACE' }, (response) => resolve(response.resume()))
          .once('error', reject)
          .end()
      })
      expect([statusCode, headers.allow]).toEqual([405, 'GET, POST, DELETE'])
      expect(onError).not.toHaveBeenCalled()
      expect(await whoami()).toContain('"subject":"ann"')
    },
  )

  test('on Hono', async () => {
    const app = new Hono()
    app.use(honoHandler(gate(), handler().fetch))
    app.get('/other', (context) => context.text('other'))
    const ask = (path: string, init?: RequestInit) => app.request(`${world.port.origin}${path}`, init)
    expect(await (await ask('/other')).text()).toBe('other')
    expect((await ask('/mcp', { method: 'POST' })).status).toBe(401)
    expect((await ask(new URL(gate().metadataUrl).pathname)).status).toBe(200)
  })

  test('a server of the v1 SDK', async () => {
    const { tools, policies } = stockTools(world.target)
    const pageOf = ({ id }: { readonly id: string }) => `https://app.example/${id}`
    const guarded = guardToolsV1(tools, { guard: world.guard(), policies, pageOf })
    const serve = nodeHandler(gate(), async (request, options) => {
      const server = guarded.register(new ServerV1({ name: 's', version: '1' }))
      const transport = new WebStandardStreamableHTTPServerTransport()
      await server.connect(transport)
      return transport.handleRequest(request, options as never)
    })
    world.port.serve(serve)
    const client = await connectClient(world.resource, await world.token('ann'), {})
    expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('close_account')
    expect(textOf(await client.callTool({ name: 'whoami', arguments: {} }))).toContain('"subject":"ann"')
    const asked = client.callTool({ name: 'create_order', arguments: buy(50) })
    await expect(asked).rejects.toMatchObject({ code: -32_042 })
    const refused = await client.callTool({ name: 'create_order', arguments: buy(50, { portfolio: 'p-bob' }) })
    expect(textOf(refused)).toBe('This action is not permitted.')
  })
})
