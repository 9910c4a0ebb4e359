import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type McpHandler, type McpResourceServerOptions, mcpResourceServer } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'
import { eventStore } from './event-store.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

interface Opened {
  readonly server: { sendLoggingMessage(message: { level: 'info'; data: string }): Promise<void> }
}

/** Sessions that share a store of events, in one process. */
function process(Server: unknown, Transport: unknown) {
  type Handles = { handleRequest: McpHandler }
  const sessions = new Map<string, Handles>()
  const opened: Opened[] = []
  const events = eventStore()
  const handler: McpHandler = async (request, options) => {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '')
    if (known !== undefined) return known.handleRequest(request, options)
    const server = new (Server as typeof McpServer)({ name: 's', version: '1' }, { capabilities: { logging: {} } })
    server.registerTool('read', { inputSchema: z.strictObject({}) }, async (_input, { http, ...context }) => {
      const { authInfo } = { ...context, ...http } as { authInfo?: { extra?: { identity?: { subject: string } } } }
      return { content: [{ type: 'text', text: `the post of ${authInfo?.extra?.identity?.subject}` }] }
    })
    const transport = new (Transport as typeof WebStandardStreamableHTTPServerTransport)({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id: string) => void sessions.set(id, transport as unknown as Handles),
      eventStore: events as never,
    })
    await server.connect(transport as never)
    opened.push(server as unknown as Opened)
    return transport.handleRequest(request, options as never)
  }
  return { handler, opened }
}

/** A client of a gate before such a process. */
function clientOf(handler: McpHandler, token: string, options: Partial<McpResourceServerOptions> = {}) {
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, ...options })
  const served = gate.handle(handler)
  const send = (headers: Record<string, string>, body?: object) =>
    served(
      new Request(gate.resource, {
        method: body === undefined ? 'GET' : 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'mcp-protocol-version': '2025-11-25',
          accept: body === undefined ? 'text/event-stream' : 'application/json, text/event-stream',
          ...(body && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body && { body: JSON.stringify(body) }),
      }),
    )
  return {
    send,
    async open() {
      const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }
      const response = await send({}, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
      await response.text()
      return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' }
    },
    /** Calls the tool. @returns the id of the answer's first event */
    async call(session: Record<string, string>) {
      const params = { name: 'read', arguments: {} }
      const answer = await (await send(session, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })).text()
      return /^id: (.+)$/m.exec(answer)?.[1] ?? ''
    },
  }
}

/** The next piece of a stream; the stream stays open. */
async function next(response: Response) {
  const reader = response.body?.getReader()
  const { value } = (await reader?.read()) ?? {}
  reader?.releaseLock()
  return new TextDecoder().decode(value)
}

describe.each([
  ['the v2 SDK', McpServer, WebStandardStreamableHTTPServerTransport],
  ['the v1 SDK', ServerV1, TransportV1],
] as const)('events that sessions of %s keep in one store', (_name, Server, Transport) => {
  test('are not told to another user who resumes the stream that each session opens by itself', async () => {
    const { handler, opened } = process(Server, Transport)
    const [ann, bob] = await Promise.all(
      (['ann', 'bob'] as const).map(async (user) => clientOf(handler, await world.token(user))),
    )
    const ofBob = (await bob?.open()) ?? {}
    const ofAnn = (await ann?.open()) ?? {}
    const [theirs, own] = [await ann?.send(ofAnn), await bob?.send(ofBob)]
    await opened[0]?.server.sendLoggingMessage({ level: 'info', data: 'for bob' })
    const told = await next(own as Response)
    expect(told).toContain('for bob')
    await opened[1]?.server.sendLoggingMessage({ level: 'info', data: 'for ann' })
    expect(await next(theirs as Response)).toContain('for ann')
    // An id of his own would lead to the stream, which has one name in all sessions.
    expect(told).toMatch(/^id: $/m)
    await Promise.all([own?.body?.cancel(), theirs?.body?.cancel()])
  })

  test('are not told to another user by an id from before a restart of the process and its store', async () => {
    const sessionKey = crypto.getRandomValues(new Uint8Array(32))
    const [annToken, bobToken] = [await world.token('ann'), await world.token('bob')]
    const before = clientOf(process(Server, Transport).handler, bobToken, { sessionKey })
    const old = await before.call(await before.open())
    const { handler } = process(Server, Transport)
    const [ann, bob] = [clientOf(handler, annToken, { sessionKey }), clientOf(handler, bobToken, { sessionKey })]
    await ann.call(await ann.open())
    const refused = await bob.send({ ...(await bob.open()), 'last-event-id': old })
    expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Event not found')])
  })
})

test('an id is good at the server that gave it, and not at another one with the same key', async () => {
  const sessionKey = crypto.getRandomValues(new Uint8Array(32))
  const token = await world.token('ann')
  const handler: McpHandler = async (request) => new Response(null, { headers: { 'mcp-session-id': request.method } })
  const one = clientOf(handler, token, { sessionKey })
  const other = clientOf(handler, token, { sessionKey, resource: `${world.resource}/2`, audience: world.resource })
  const session = await one.open()
  expect((await one.send(session)).status).toBe(200)
  expect((await other.send(session)).status).toBe(404)
})
