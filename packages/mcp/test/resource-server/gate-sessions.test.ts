import { login } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { type McpHandler, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type Transport = Pick<WebStandardStreamableHTTPServerTransport, 'handleRequest' | 'sessionId'>

/** A server that keeps a transport for each session, as the SDKs' examples do: it looks at the id and at nothing else. */
function stateful(make: (opened: (id: string) => void) => Promise<Transport>): McpHandler {
  const sessions = new Map<string, Transport>()
  return async (request, options) => {
    const id = request.headers.get('mcp-session-id')
    const known = id === null ? undefined : sessions.get(id)
    if (known !== undefined) return known.handleRequest(request, options as never)
    if (id !== null) return new Response(null, { status: 404 })
    const transport = await make((opened) => sessions.set(opened, transport))
    return transport.handleRequest(request, options as never)
  }
}

const confirm = { message: 'Really?', requestedSchema: { type: 'object', properties: { yes: { type: 'boolean' } } } }

const servers: readonly (readonly [string, McpHandler])[] = [
  [
    'the v2 SDK',
    stateful(async (onsessioninitialized) => {
      const server = new McpServer({ name: 's', version: '1' })
      server.registerTool('ask', { inputSchema: z.strictObject({}) }, async (_input, { mcpReq }) => {
        const answer = await mcpReq.elicitInput(confirm as never)
        return { content: [{ type: 'text', text: answer.action }] }
      })
      const transport = new WebStandardStreamableHTTPServerTransport({
        sessionIdGenerator: () => crypto.randomUUID(),
        onsessioninitialized,
      })
      await server.connect(transport)
      return transport
    }),
  ],
  [
    'the v1 SDK',
    stateful(async (onsessioninitialized) => {
      const server = new ServerV1({ name: 's', version: '1' })
      server.registerTool('ask', { inputSchema: {} }, async () => {
        const answer = await server.server.elicitInput(confirm as never)
        return { content: [{ type: 'text', text: answer.action }] }
      })
      const transport = new TransportV1({ sessionIdGenerator: () => crypto.randomUUID(), onsessioninitialized })
      await server.connect(transport)
      return transport as never
    }),
  ],
]

describe.each(servers)('a session at a stateful transport of %s', (_name, handler) => {
  const serve = (sessionKey?: Uint8Array) => {
    const gate = mcpResourceServer({
      resource: world.resource,
      authorizationServer: world.profile,
      ...(sessionKey && { sessionKey }),
    })
    world.port.serve(nodeHandler(gate, handler))
  }
  const open = async (token: string) => {
    const client = new Client({ name: 'x', version: '1' }, { capabilities: { elicitation: { form: {} } } })
    const listening = Promise.withResolvers<void>()
    const transport = new StreamableHTTPClientTransport(new URL(world.resource), {
      authProvider: { token: async () => token },
      fetch: async (input, init) => {
        const response = await fetch(input, init)
        if (init?.method === 'GET') listening.resolve()
        return response
      },
    })
    await client.connect(transport)
    // A server that asks before the client listens is not heard.
    await listening.promise
    onTestFinished(() => client.close())
    return { client, id: transport.sessionId ?? '' }
  }
  const send = (token: string, id: string, method: string, body?: object) =>
    fetch(world.resource, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        'mcp-session-id': id,
        'mcp-protocol-version': '2025-06-18',
        accept: 'application/json, text/event-stream',
        ...(body && { 'content-type': 'application/json' }),
      },
      ...(body && { body: JSON.stringify(body) }),
    })
  const list = { jsonrpc: '2.0', id: 7, method: 'tools/list' }

  test(
    verifies('I12', 'is of the user and the client that opened it: for another it cannot be read, answered or deleted'),
    async () => {
      serve()
      const ann = await world.token('ann')
      const bob = await world.token('bob')
      const { client, id } = await open(ann)
      const asked = Promise.withResolvers<void>()
      const mayAnswer = Promise.withResolvers<void>()
      client.setRequestHandler('elicitation/create', async () => {
        asked.resolve()
        await mayAnswer.promise
        return { action: 'decline' }
      })
      const called = client.callTool({ name: 'ask', arguments: {} })
      await asked.promise
      const forged = { jsonrpc: '2.0', id: 0, result: { action: 'accept', content: { yes: true } } }
      for (const [method, body] of [['GET'], ['POST', list], ['POST', forged], ['DELETE']] as const) {
        expect((await send(bob, id, method, body)).status).toBe(404)
      }
      mayAnswer.resolve()
      expect(JSON.stringify(await called)).toContain('decline')
      const annsOwn = await send(ann, id, 'POST', list)
      expect(annsOwn.status).toBe(200)
      await annsOwn.body?.cancel()
    },
  )

  test('is of the client that opened it: the same user by another client gets 404', async () => {
    serve()
    const { id } = await open(await world.token('ann'))
    const options = { user: 'ann', client: world.target.clients.agent, resource: world.resource }
    const other = await login(world.target, { ...options, scope: 'openid mcp:tools' })
    expect((await send(other.accessToken, id, 'POST', list)).status).toBe(404)
  })

  test('cannot be guessed, changed or taken from the transport', async () => {
    serve()
    const ann = await world.token('ann')
    const { id } = await open(ann)
    for (const other of [id.split('.')[0] ?? '', `${id}x`, `x${id}`, crypto.randomUUID(), '.', `${id}, ${id}`]) {
      expect((await send(ann, other, 'POST', list)).status).toBe(404)
    }
  })

  test('goes on with a fresh token of the same user, and in another process with the same key', async () => {
    const key = crypto.getRandomValues(new Uint8Array(32))
    serve(key)
    const { id } = await open(await world.token('ann'))
    serve(key)
    const response = await send(await world.token('ann'), id, 'POST', list)
    expect(response.status).toBe(200)
    await response.body?.cancel()
    expect((await send(await world.token('ann'), id, 'DELETE')).status).toBe(200)
    serve()
    expect((await send(await world.token('ann'), id, 'POST', list)).status).toBe(404)
  })
})

test('a session key that is a placeholder is refused', () => {
  const options = { resource: world.resource, authorizationServer: world.profile }
  expect(() => mcpResourceServer({ ...options, sessionKey: new Uint8Array(32) })).toThrow(
    'mcpResourceServer.sessionKey: repeats one byte',
  )
  for (const [key, problem] of [
    ['secret', 'is a string'],
    [null, 'is null'],
    [new Uint8Array(16), 'has 16 bytes'],
  ] as const) {
    const make = () => mcpResourceServer({ ...options, sessionKey: key as never })
    expect(make).toThrow(`mcpResourceServer.sessionKey: ${problem}; give a Uint8Array of 32 random bytes or more`)
  }
})
