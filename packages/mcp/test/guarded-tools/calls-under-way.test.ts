import { policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
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

const Nothing = z.strictObject({})
const form = { message: 'Really?', requestedSchema: { type: 'object', properties: { yes: { type: 'boolean' } } } }
const sample = { messages: [], maxTokens: 1 }

/** What a client is asked for in the middle of a call, and two answers to it. */
const asked = {
  elicit: [{ action: 'accept', content: { yes: true } }, { action: 'decline' }],
  sample: ['of bob', 'of ann'].map((text) => ({ role: 'assistant', model: 'x', content: { type: 'text', text } })),
}

type Ask = (name: keyof typeof asked) => Promise<unknown>
type Probe = (signal: AbortSignal) => Promise<string>

/** A write behind the guard, and two tools that ask their client; a transport for each session. */
const makers = {
  v2: async (probe: object, onsessioninitialized: (id: string) => void) => {
    const guarded = guardTools({ probe } as never, rules as never)
    const server = guarded.register(new McpServer({ name: 's', version: '1' }, { ...guarded.serverOptions }))
    for (const name of ['elicit', 'sample'] as const) {
      server.registerTool(name, { inputSchema: Nothing }, async (_input, { mcpReq }) => {
        const ask: Ask = () => (name === 'elicit' ? mcpReq.elicitInput(form as never) : mcpReq.requestSampling(sample))
        return { content: [{ type: 'text', text: JSON.stringify(await ask(name)) }] }
      })
    }
    const sessionIdGenerator = () => crypto.randomUUID()
    const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator, onsessioninitialized })
    await server.connect(transport)
    return transport as { handleRequest: unknown }
  },
  v1: async (probe: object, onsessioninitialized: (id: string) => void) => {
    const server = new ServerV1({ name: 's', version: '1' })
    guardToolsV1({ probe } as never, rules as never).register(server as never)
    for (const name of ['elicit', 'sample'] as const) {
      server.registerTool(name, { inputSchema: {} }, async () => {
        const ask: Ask = () =>
          name === 'elicit' ? server.server.elicitInput(form as never) : server.server.createMessage(sample as never)
        return { content: [{ type: 'text', text: JSON.stringify(await ask(name)) }] }
      })
    }
    const transport = new TransportV1({ sessionIdGenerator: () => crypto.randomUUID(), onsessioninitialized })
    await server.connect(transport as never)
    return transport as { handleRequest: unknown }
  },
}
let rules: object

function open(kind: keyof typeof makers, probe: Probe) {
  rules = { guard: world.guard(), policies: { probe: policy(Nothing, { effect: 'write' }) }, waitSeconds: 1 }
  const tool = {
    inputSchema: Nothing,
    execute: (_input: unknown, { signal }: { signal: AbortSignal }) => probe(signal),
  }
  const sessions = new Map<string, { handleRequest: unknown }>()
  const handler: McpHandler = async (request, options) => {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '')
    const transport = known ?? (await makers[kind](tool, (id) => sessions.set(id, transport)))
    return (transport.handleRequest as McpHandler).call(transport, request, options)
  }
  const served = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile }).handle(handler)
  return async (user: 'ann' | 'bob') => {
    const headers: Record<string, string> = {
      authorization: `Bearer ${await world.token(user)}`,
      'mcp-protocol-version': '2025-11-25',
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
    }
    const send = (body: object | undefined, method = 'POST') =>
      served(
        new Request(world.resource, {
          method,
          headers,
          ...(body && { body: JSON.stringify({ jsonrpc: '2.0', ...body }) }),
        }),
      )
    const capabilities = { elicitation: { form: {} }, sampling: {} }
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'x', version: '1' } }
    const opened = await send({ id: 0, method: 'initialize', params })
    await opened.text()
    headers['mcp-session-id'] = opened.headers.get('mcp-session-id') ?? ''
    await send({ method: 'notifications/initialized' })
    const call = (name: string) =>
      send({ id: 7, method: 'tools/call', params: { name, arguments: {}, _meta: { progressToken: 'p' } } })
    return { send, call }
  }
}

const cancelled = { method: 'notifications/cancelled', params: { requestId: 7, reason: 'stop' } }

describe.each(['v2', 'v1'] as const)('a call under way at a stateful transport of the %s SDK', (kind) => {
  test('is not cancelled, answered or ended by messages of other sessions that name it', async () => {
    const [began, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const client = open(kind, async (signal) => {
      began.resolve()
      await ended.promise
      return `ended, aborted: ${signal.aborted}`
    })
    const [ann, bob, other] = [await client('ann'), await client('bob'), await client('ann')]
    const call = await ann.call('probe')
    await began.promise
    for (const { send } of [bob, other]) {
      await send(cancelled)
      await send({ method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } })
      await send({ id: 7, result: { content: [] } })
      await send({ id: 7, error: { code: -1, message: 'no' } })
      expect((await send(undefined, 'DELETE')).status).toBe(200)
    }
    ended.resolve()
    expect(await call.text()).toContain('ended, aborted: false')
  })

  test.each(['elicit', 'sample'] as const)(
    'that asks its client (%s) hears no answer of another session',
    async (name) => {
      const client = open(kind, async () => '')
      const [ann, bob] = [await client('ann'), await client('bob')]
      const questions = (await ann.send(undefined, 'GET')).body?.getReader()
      const call = await ann.call(name)
      const question = new TextDecoder().decode((await questions?.read())?.value)
      const { id } = JSON.parse(/^data: (.*)$/m.exec(question)?.[1] ?? '') as { id: number }
      const [ofBob, ofAnn] = asked[name]
      await bob.send({ id, result: ofBob })
      await ann.send({ id, result: ofAnn })
      const told = await call.text()
      expect(told).toContain(name === 'elicit' ? 'decline' : 'of ann')
      await questions?.cancel()
    },
  )

  test.each(['cancels it', 'deletes its session'])(
    verifies('A13', 'whose client %s is not done again: the next equal call gets its result'),
    async (how) => {
      let ran = 0
      const began = Promise.withResolvers<void>()
      const aborted = Promise.withResolvers<void>()
      const client = open(kind, async (signal) => {
        ran++
        signal.addEventListener('abort', () => aborted.resolve())
        began.resolve()
        await aborted.promise
        return 'placed'
      })
      const ann = await client('ann')
      await ann.call('probe')
      await began.promise
      await (how === 'cancels it' ? ann.send(cancelled) : ann.send(undefined, 'DELETE'))
      await aborted.promise
      const again = await client('ann')
      // The client got no result of the first call, so this one is its second attempt.
      const second = await (await again.call('probe')).text()
      expect(second).toContain('placed')
      expect(second).toMatch(/"behalf\/replayed":\{"ranAt":\d/)
      expect(ran).toBe(1)
    },
  )
})
