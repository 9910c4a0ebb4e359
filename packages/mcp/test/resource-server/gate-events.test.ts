import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { withEventIds } from '../../src/resource-server/event-stream.ts'
import { type McpHandler, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'
import { eventStore } from './event-store.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type Transport = Pick<WebStandardStreamableHTTPServerTransport, 'handleRequest'>

/** A transport for each session, and one store of events for all. */
function stateful(
  Server: typeof McpServer | typeof ServerV1,
  Transport: typeof WebStandardStreamableHTTPServerTransport | typeof TransportV1,
): McpHandler {
  const sessions = new Map<string, Transport>()
  const events = eventStore()
  return async (request, options) => {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '')
    if (known !== undefined) return known.handleRequest(request, options as never)
    const server = new Server({ name: 's', version: '1' }) as McpServer
    server.registerTool('read', { inputSchema: z.strictObject({}) }, async (_input, { http, ...context }) => {
      const { authInfo } = { ...context, ...http } as { authInfo?: { extra?: { identity?: { subject: string } } } }
      return { content: [{ type: 'text', text: `the post of ${authInfo?.extra?.identity?.subject}` }] }
    })
    const transport = new Transport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (opened: string) => void sessions.set(opened, transport as never),
      eventStore: events as never,
    })
    await server.connect(transport as never)
    return transport.handleRequest(request, options as never)
  }
}

describe.each([
  ['the v2 SDK', stateful(McpServer, WebStandardStreamableHTTPServerTransport)],
  ['the v1 SDK', stateful(ServerV1, TransportV1)],
])('events at a stateful transport of %s', (_name, handler) => {
  const serve = () => {
    const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
    world.port.serve(nodeHandler(gate, handler))
  }
  const send = (token: string, headers: Record<string, string>, body?: object) =>
    fetch(world.resource, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'mcp-protocol-version': '2025-11-25',
        accept: body === undefined ? 'text/event-stream' : 'application/json, text/event-stream',
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body && { body: JSON.stringify(body) }),
    })
  /** Opens a session. */
  const open = async (token: string) => {
    const clientInfo = { name: 'x', version: '1' }
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
    const response = await send(token, {}, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
    await response.text()
    return { 'mcp-session-id': response.headers.get('mcp-session-id') ?? '' }
  }
  /** Calls the tool. @returns the ids of the answer's events */
  const call = async (token: string, session: Record<string, string>) => {
    const params = { name: 'read', arguments: {} }
    const answer = await (await send(token, session, { jsonrpc: '2.0', id: 1, method: 'tools/call', params })).text()
    expect(answer).toContain('the post of')
    return Array.from(answer.matchAll(/^id: (.+)$/gm), ([, id = '']) => id)
  }
  /** What comes of the first piece of a stream. */
  const firstOf = async (response: Response) => {
    const reader = response.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    await reader?.cancel()
    return new TextDecoder().decode(value)
  }

  test('are told again to the caller that they were for, and to no other, whatever its own session', async () => {
    serve()
    const [ann, bob] = [await world.token('ann'), await world.token('bob')]
    const session = await open(ann)
    const [before = ''] = await call(ann, session)
    const other = await open(bob)
    for (const id of [before, before.split('.')[0] ?? '', `${before}0`]) {
      const refused = await send(bob, { ...other, 'last-event-id': id })
      expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('Event not found')])
    }
    const again = await send(ann, { ...session, 'last-event-id': before })
    expect([again.status, await firstOf(again)]).toEqual([200, expect.stringContaining('the post of ann')])
  })

  test('have ids that open no session', async () => {
    serve()
    const ann = await world.token('ann')
    const [id = ''] = await call(ann, await open(ann))
    const params = { name: 'read', arguments: {} }
    const call2 = { jsonrpc: '2.0', id: 2, method: 'tools/call', params }
    expect((await send(ann, { 'mcp-session-id': id }, call2)).status).toBe(404)
  })
})

describe('a stream of events', () => {
  const through = async (...chunks: readonly (string | Uint8Array)[]) => {
    const bytes = chunks.map((one) => (typeof one === 'string' ? new TextEncoder().encode(one) : one))
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const one of bytes) controller.enqueue(one)
        controller.close()
      },
    })
    return new Response(withEventIds(body, async (id) => `<${id}>`)).text()
  }

  test.each([
    ['an id in one piece', ['id: a\ndata: 1\n\n'], 'id: <a>\ndata: 1\n\n'],
    ['an id in pieces', ['i', 'd: a', 'b\nda', 'ta: 1\n', '\n'], 'id: <ab>\ndata: 1\n\n'],
    ['an id without a space', ['id:a\n'], 'id: <a>\n'],
    ['an id before a carriage return', ['id: a\r\ndata: 1\r\n\r\n'], 'id: <a>\r\ndata: 1\r\n\r\n'],
    ['an id in the last line', ['data: 1\nid: a'], 'data: 1\nid: <a>'],
    ['an id that takes back the one before', ['id\nid:\nid: \n'], 'id\nid:\nid: \n'],
    [
      'what only looks like one',
      ['data: id: a\nidea: b\n: id: c\n id: d\n'],
      'data: id: a\nidea: b\n: id: c\n id: d\n',
    ],
  ])('has its ids rewritten: %s', async (_name, chunks, expected) => {
    expect(await through(...chunks)).toBe(expected)
  })

  test('keeps characters that come in pieces', async () => {
    const [head, tail] = [new TextEncoder().encode('data: ü').slice(0, -1), new TextEncoder().encode('ü').slice(1)]
    expect(await through(head, tail, '\n\n')).toBe('data: ü\n\n')
  })

  test('ends its source when its reader goes', async () => {
    const cancelled = Promise.withResolvers<unknown>()
    const source = new ReadableStream<Uint8Array>({ cancel: (reason) => cancelled.resolve(reason) })
    await withEventIds(source, async (id) => id).cancel('gone')
    expect(await cancelled.promise).toBe('gone')
  })
})
