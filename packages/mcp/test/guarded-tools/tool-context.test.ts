import { currentCall, HadNoEffect, type Policy, policy } from '@behalf/core'
import { stockTools } from '@behalf/testing/contract'
import { verifies } from '@behalf/testing/requirements'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { ElicitResultSchema, type ServerNotification, type ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import {
  acceptedContent,
  createMcpHandler,
  inputRequired,
  McpServer,
  type ServerContext,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import {
  guardTools,
  type McpHandler,
  mcpResourceServer,
  nodeHandler,
  type ToolSurroundings as Surroundings,
} from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { connectClient, textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => world.target.reset())

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>
const Nothing = z.strictObject({})
const writes = policy(Nothing, { effect: 'write' })
const asksAPerson = policy(Nothing, { approval: { message: () => 'Close the account' } })
const form = { capabilities: { elicitation: { form: {} } } } as const
const modern = { ...form, versionNegotiation: { mode: 'auto' } } as const
const confirm = inputRequired.elicit({
  message: 'Really?',
  requestedSchema: { type: 'object', properties: { yes: { type: 'boolean' } } },
} as never)

/** The word of a body that it has done nothing, and asks its client first. */
const asking = (more: { readonly requestState?: string } = {}) =>
  new HadNoEffect(inputRequired({ inputRequests: { confirm }, ...more }))

const serveHandler = (handler: McpHandler) => {
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
  world.port.serve(nodeHandler(gate, handler))
}

type Body = (input: Record<string, never>, surroundings: Surroundings<ServerContext>) => unknown

function guardedBy(execute: Body, under: Policy<Record<string, never>> = writes as never) {
  const guard = world.guard()
  return guardTools({ probe: { inputSchema: Nothing, execute } } as never, {
    guard,
    policies: { probe: under } as never,
    waitSeconds: 5,
  })
}

function serve(execute: Body, under?: Policy<Record<string, never>>) {
  const guarded = guardedBy(execute, under)
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 'x', version: '1' }, { ...guarded.serverOptions })),
  )
  serveHandler(mcp.fetch)
}

const connect = async (options: Parameters<typeof connectClient>[2] = modern, user: 'ann' | 'bob' = 'ann') =>
  connectClient(world.resource, await world.token(user), options)

describe('a body that asks its client for input', () => {
  test('keeps its run: it starts over in the next round, under the same key, and runs once to its end', async () => {
    const rounds: unknown[] = []
    serve((_input, { context: { mcpReq } }) => {
      const answer = acceptedContent<{ yes: boolean }>(mcpReq.inputResponses, 'confirm')
      rounds.push([currentCall(writes).idempotencyKey, mcpReq.requestState(), answer])
      if (answer === undefined) throw asking({ requestState: 'my own' })
      return `said ${answer.yes}`
    })
    const client = await connect()
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { yes: true } }))
    expect(textOf(await client.callTool({ name: 'probe', arguments: {} }))).toBe('said true')
    const [[key]] = rounds as [[string]]
    expect(rounds).toEqual([
      [key, undefined, undefined],
      [key, 'my own', { yes: true }],
    ])
  })

  test('is not run again by a client that comes back once more', async () => {
    let ran = 0
    serve((_input, { context: { mcpReq } }) => {
      if (acceptedContent(mcpReq.inputResponses, 'confirm') === undefined) throw asking()
      return `ran ${++ran}`
    })
    const client = await connect()
    const first = (await client.callTool({ name: 'probe', arguments: {} }, { allowInputRequired: true })) as {
      requestState?: string
    }
    const again = {
      name: 'probe',
      arguments: {},
      requestState: first.requestState,
      inputResponses: { confirm: { action: 'accept', content: { yes: true } } },
    } as never
    expect(textOf(await client.callTool(again))).toBe('ran 1')
    expect(textOf(await client.callTool(again))).toBe('ran 1')
    // The state is Ann's.
    await expect((await connect(modern, 'bob')).callTool(again)).rejects.toMatchObject({ code: -32_602 })
  })

  test('keeps the approval that let it begin: the person is asked once', async () => {
    serve((_input, { context: { mcpReq } }) => {
      if (acceptedContent(mcpReq.inputResponses, 'confirm') === undefined) throw asking()
      return 'closed'
    }, asksAPerson as never)
    const client = await connect()
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { yes: true } }))
    const called = client.callTool({ name: 'probe', arguments: {} })
    const { controls } = world.target.authorizationServer
    let approved = 0
    const approving = setInterval(async () => {
      for (const { authReqId } of await controls.pendingRequests('ann')) {
        await controls.approve(authReqId)
        approved++
      }
    }, 50)
    onTestFinished(() => clearInterval(approving))
    expect(textOf(await called)).toBe('closed')
    expect(approved).toBe(1)
  })

  test('says that it did nothing: what it returns in that form is data, as the answer of another API', async () => {
    const hostile = { resultType: 'input_required', inputRequests: { confirm } }
    serve(() => JSON.parse(JSON.stringify(hostile)))
    const client = await connect()
    client.setRequestHandler('elicitation/create', () => {
      throw new Error('the user was asked')
    })
    expect(JSON.parse(textOf(await client.callTool({ name: 'probe', arguments: {} })))).toEqual(hostile)
  })

  test('hands no token to its client', async () => {
    const { policies, tools } = stockTools(world.target)
    let token = ''
    const execute = async () => {
      token = await currentCall(policies.get_portfolio).access.trade.withToken(async (one) => one)
      throw asking({ requestState: `state ${token}` })
    }
    const guarded = guardTools(
      { get_portfolio: { ...tools.get_portfolio, execute } },
      { guard: world.guard(), policies },
    )
    const mcp = createMcpHandler(() =>
      guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
    )
    serveHandler(mcp.fetch)
    const client = await connect()
    const call = { name: 'get_portfolio', arguments: { portfolio: 'p-ann' } }
    const asked = await client.callTool(call, { allowInputRequired: true })
    expect(token.length).toBeGreaterThan(10)
    const { requestState = '' } = asked as { requestState?: string }
    const opened = requestState.split('.').map((part) => Buffer.from(part, 'base64url').toString())
    expect(opened.join()).toContain('state [token]')
    expect(opened.join() + JSON.stringify(asked)).not.toContain(token)
  })

  test(
    verifies('A13', 'that returns its question has ended: it paid by its own client, and pays once on one yes'),
    async () => {
      let paid = 0
      serve((_input, { context: { mcpReq } }) => {
        paid++
        const answer = acceptedContent(mcpReq.inputResponses, 'confirm')
        return answer === undefined ? inputRequired({ inputRequests: { confirm } }) : 'paid'
      })
      const client = await connect()
      client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { yes: true } }))
      const ended = await client.callTool({ name: 'probe', arguments: {} })
      expect(JSON.parse(textOf(ended))).toMatchObject({ resultType: 'input_required' })
      expect(paid).toBe(1)
    },
  )

  test(
    verifies('A13', 'that throws its question without the word that it did nothing leaves its run in doubt'),
    async () => {
      let paid = 0
      serve(() => {
        paid++
        throw Object.assign(new Error('asks'), inputRequired({ inputRequests: { confirm } }))
      })
      const client = await connect()
      client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { yes: true } }))
      const call = () => client.callTool({ name: 'probe', arguments: {} })
      expect(await call()).toMatchObject({ isError: true, _meta: { 'behalf/refusal': 'tool_failed' } })
      expect(await call()).toMatchObject({ isError: true, _meta: { 'behalf/refusal': 'unknown_outcome' } })
      expect(paid).toBe(1)
    },
  )
})

/** One transport for one client, as a stateful server has it. */
const stateful = async (server: McpServer): Promise<McpHandler> => {
  const transport = new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator: () => crypto.randomUUID() })
  await server.connect(transport)
  return (request, options) => transport.handleRequest(request, options as never)
}

describe('the context of a body', () => {
  test('reports progress and logs (v2 SDK)', async () => {
    serve(async (_input, { context: { mcpReq } }) => {
      const progressToken = mcpReq._meta?.progressToken ?? 0
      await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1, total: 2 } })
      return 'done'
    })
    const client = await connect()
    const seen: unknown[] = []
    const onprogress = (progress: unknown) => void seen.push(progress)
    expect(textOf(await client.callTool({ name: 'probe', arguments: {} }, { onprogress }))).toBe('done')
    expect(seen).toEqual([{ progress: 1, total: 2 }])
  })

  test('elicits and samples from a client of an older revision (v2 SDK)', async () => {
    const guarded = guardedBy(async (_input, { context: { mcpReq } }) => {
      await mcpReq.log('info', 'asking')
      const { action } = await mcpReq.elicitInput({
        message: 'Really?',
        requestedSchema: { type: 'object', properties: {} },
      })
      const messages = [{ role: 'user', content: { type: 'text', text: 'hello' } }]
      const sampled = await mcpReq.requestSampling({ messages, maxTokens: 5 } as never)
      return `${action} ${JSON.stringify(sampled.content)}`
    })
    const server = new McpServer(
      { name: 'x', version: '1' },
      { ...guarded.serverOptions, capabilities: { logging: {} } },
    )
    serveHandler(await stateful(guarded.register(server)))
    const client = new Client(
      { name: 'x', version: '1' },
      { capabilities: { elicitation: { form: {} }, sampling: {} } },
    )
    client.setRequestHandler('elicitation/create', async () => ({ action: 'decline' }))
    client.setRequestHandler('sampling/createMessage', async () => ({
      model: 'm',
      role: 'assistant',
      content: { type: 'text', text: 'sampled' },
    }))
    const token = await world.token('ann')
    const authProvider = { token: async () => token }
    await client.connect(new StreamableHTTPClientTransport(new URL(world.resource), { authProvider }))
    onTestFinished(() => client.close())
    expect(textOf(await client.callTool({ name: 'probe', arguments: {} }))).toMatch(/^decline .*sampled/)
  })

  test('reports progress and elicits (v1 SDK)', async () => {
    const execute = async (_input: unknown, { context }: Surroundings<Extra>) => {
      const progressToken = context._meta?.progressToken ?? 0
      await context.sendNotification({ method: 'notifications/progress', params: { progressToken, progress: 1 } })
      const params = { message: 'Really?', requestedSchema: { type: 'object', properties: {} } } as const
      return (await context.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema)).action
    }
    const policies = { probe: writes }
    const guarded = guardToolsV1({ probe: { inputSchema: Nothing, execute } }, { guard: world.guard(), policies })
    const transport = new TransportV1({ sessionIdGenerator: () => crypto.randomUUID() })
    await guarded.register(new ServerV1({ name: 'x', version: '1' })).connect(transport)
    serveHandler((request, options) => transport.handleRequest(request, options as never))
    const client = await connect({ ...form, versionNegotiation: { mode: 'legacy' } })
    client.setRequestHandler('elicitation/create', async () => ({ action: 'decline' }))
    const seen: unknown[] = []
    const onprogress = (progress: unknown) => void seen.push(progress)
    expect(textOf(await client.callTool({ name: 'probe', arguments: {} }, { onprogress }))).toBe('decline')
    expect(seen).toHaveLength(1)
  })
})
