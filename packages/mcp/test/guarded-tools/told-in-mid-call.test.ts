import { currentCall } from '@behalf/core'
import { stockTools } from '@behalf/testing/contract'
import { verifies } from '@behalf/testing/requirements'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { CreateMessageResultSchema, ElicitResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { McpServer, WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { guardTools, type McpHandler, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const requestedSchema = { type: 'object', properties: {} } as const
const sampled = (text: string) =>
  ({ messages: [{ role: 'user', content: { type: 'text', text } }], maxTokens: 5 }) as const

/** All that a body can tell its client before its result, as an API echoed it: with the token that it was sent. */
const bodies = {
  v2: async (
    echo: string,
    { mcpReq }: Parameters<Parameters<typeof guardTools>[0][string]['execute']>[1]['context'],
  ) => {
    const progressToken = mcpReq._meta?.progressToken ?? 0
    await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress: 1, message: echo } })
    await mcpReq.log('info', { echo }, echo)
    await mcpReq.elicitInput({ message: echo, requestedSchema })
    await mcpReq.requestSampling(sampled(echo) as never)
    await mcpReq.send({ method: 'elicitation/create', params: { message: echo, requestedSchema } } as never)
  },
  v1: async (
    echo: string,
    context: Parameters<Parameters<typeof guardToolsV1>[0][string]['execute']>[1]['context'],
  ) => {
    const progressToken = context._meta?.progressToken ?? 0
    const progress = { progressToken, progress: 1, message: echo }
    await context.sendNotification({ method: 'notifications/progress', params: progress })
    await context.sendNotification({ method: 'notifications/message', params: { level: 'info', data: { echo } } })
    const params = { message: echo, requestedSchema }
    await context.sendRequest({ method: 'elicitation/create', params }, ElicitResultSchema)
    await context.sendRequest(
      { method: 'sampling/createMessage', params: sampled(echo) as never },
      CreateMessageResultSchema,
    )
  },
}

test.each(['v2', 'v1'] as const)(
  verifies('E4', 'what a body tells its client before its result holds no token (%s SDK)'),
  async (kind) => {
    const { policies, tools } = stockTools(world.target)
    let token = ''
    const execute = async (_input: unknown, { context }: { readonly context: unknown }) => {
      token = await currentCall(policies.get_portfolio).access.trade.withToken(async (one) => one)
      await bodies[kind](`Authorization: Bearer ${token}`, context as never)
      return 'done'
    }
    const echoing = { get_portfolio: { ...tools.get_portfolio, execute } }
    const options = { guard: world.guard(), policies }
    const sessionIdGenerator = () => crypto.randomUUID()
    const capabilities = { logging: {} }
    const transport =
      kind === 'v2'
        ? new WebStandardStreamableHTTPServerTransport({ sessionIdGenerator })
        : new TransportV1({ sessionIdGenerator })
    if (kind === 'v2') {
      const guarded = guardTools(echoing as never, options as never)
      const server = new McpServer({ name: 'x', version: '1' }, { ...guarded.serverOptions, capabilities })
      await guarded.register(server).connect(transport as never)
    } else {
      const server = new ServerV1({ name: 'x', version: '1' }, { capabilities })
      await guardToolsV1(echoing as never, options as never)
        .register(server)
        .connect(transport as never)
    }
    const handler: McpHandler = (request, more) => transport.handleRequest(request, more as never)
    const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
    world.port.serve(nodeHandler(gate, handler))
    const client = new Client(
      { name: 'x', version: '1' },
      { capabilities: { elicitation: { form: {} }, sampling: {} }, versionNegotiation: { mode: 'legacy' } },
    )
    const told: unknown[] = []
    client.setNotificationHandler('notifications/message', ({ params }) => void told.push(params))
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      told.push(params)
      return { action: 'decline' }
    })
    client.setRequestHandler('sampling/createMessage', async ({ params }) => {
      told.push(params)
      return { model: 'm', role: 'assistant', content: { type: 'text', text: 'sampled' } }
    })
    const ofAnn = await world.token('ann')
    const authProvider = { token: async () => ofAnn }
    await client.connect(new StreamableHTTPClientTransport(new URL(world.resource), { authProvider }))
    onTestFinished(() => client.close())
    const onprogress = (progress: unknown) => void told.push(progress)
    const call = { name: 'get_portfolio', arguments: { portfolio: 'p-ann' } }
    expect(JSON.stringify(await client.callTool(call, { onprogress }))).toContain('done')
    expect(token.length).toBeGreaterThan(10)
    expect(told.length).toBeGreaterThan(3)
    expect(told.filter((one) => JSON.stringify(one).includes(token))).toEqual([])
    expect(told.every((one) => JSON.stringify(one).includes('Authorization: Bearer [token]'))).toBe(true)
  },
)
