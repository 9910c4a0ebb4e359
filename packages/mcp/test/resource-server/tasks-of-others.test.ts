import { verifies } from '@behalf/testing/requirements'
import { InMemoryTaskStore } from '@modelcontextprotocol/sdk/experimental/tasks'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type McpHandler, mcpResourceServer } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const capabilities = { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } }

/** A server of the v1 SDK with a tool of its own that runs as a task, and one store for all tasks. */
function serve(isStateful: boolean) {
  const taskStore = new InMemoryTaskStore()
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const handler: McpHandler = async (request, init) => {
    const known = sessions.get(request.headers.get('mcp-session-id') ?? '')
    if (known !== undefined) return known.handleRequest(request, init as never)
    const server = new ServerV1({ name: 's', version: '1' }, { capabilities, taskStore })
    const report = { description: 'Reports', execution: { taskSupport: 'required' } } as const
    server.experimental.tasks.registerToolTask('report', report, {
      createTask: async (extra) => {
        const task = await extra.taskStore.createTask({ ttl: 60_000 })
        const content = [{ type: 'text' as const, text: `the post of ${extra.authInfo?.clientId}` }]
        await extra.taskStore.storeTaskResult(task.taskId, 'completed', { content })
        return { task }
      },
      getTask: async ({ taskId, taskStore: store }) => store.getTask(taskId),
      getTaskResult: async ({ taskId, taskStore: store }) => (await store.getTaskResult(taskId)) as never,
    })
    const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport(
      isStateful
        ? {
            sessionIdGenerator: () => crypto.randomUUID(),
            onsessioninitialized: (id: string) => void sessions.set(id, transport),
          }
        : {},
    )
    await server.connect(transport)
    return transport.handleRequest(request, init as never)
  }
  const gate = mcpResourceServer({
    resource: world.resource,
    authorizationServer: world.profile,
    tools: { report: {} },
  })
  const served = gate.handle(handler)
  return async (user: 'ann' | 'bob') => {
    const headers: Record<string, string> = {
      authorization: `Bearer ${await world.token(user)}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    }
    const send = async (method: string, params: object = {}, version = '2025-11-25') => {
      headers['mcp-protocol-version'] = version
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })
      const response = await served(new Request(world.resource, { method: 'POST', headers, body }))
      const opened = response.headers.get('mcp-session-id')
      if (opened !== null) headers['mcp-session-id'] = opened
      return response.text()
    }
    const clientInfo = { name: 'x', version: '1' }
    if (isStateful) await send('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo })
    return send
  }
}

test.each([
  ['a session of its own', true],
  ['no session', false],
])(verifies('I12', 'a task is listed, read and cancelled by no other user: with %s'), async (_name, isStateful) => {
  const client = serve(isStateful)
  const [ann, bob] = [await client('ann'), await client('bob')]
  const begun = await ann('tools/call', { name: 'report', arguments: {}, task: {} })
  const taskId = /"taskId":"(\w+)"/.exec(begun)?.[1] ?? 'none'
  // Without a session it does not begin: no client could get its result.
  if (!isStateful) expect.soft(begun).toContain('-32601')
  for (const method of ['tasks/list', 'tasks/get', 'tasks/result', 'tasks/cancel']) {
    const told = await bob(method, method === 'tasks/list' ? {} : { taskId })
    expect.soft(told, method).not.toContain('the post of')
    expect.soft(told, method).not.toContain('"status"')
  }
  if (isStateful) expect(await ann('tasks/result', { taskId })).toContain('the post of')
})

test(
  verifies('I12', 'a request that names a task is refused without a session: its answer would go to the task’s user'),
  async () => {
    const send = await serve(false)('ann')
    const related = { 'io.modelcontextprotocol/related-task': { taskId: 'of-another-user' } }
    const told = await send('tools/list', { _meta: related })
    expect(told).toContain('-32601')
    expect(told).toContain('within a session')
  },
)
