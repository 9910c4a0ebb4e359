import { createGuard, policy } from '@behalf/core'
import { guardTools, mcpResourceServer, nodeHandler } from '@behalf/mcp/server'
import { guardTools as guardToolsV1 } from '@behalf/mcp/v1'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import {
  createMcpHandler,
  isLegacyRequest,
  McpServer,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import { eventStore } from '../resource-server/event-store.ts'
import { openWorld } from '../world.ts'
import { addPromptsAndResources, capabilities } from './suite-prompts.ts'
import { suiteTools } from './suite-tools.ts'

/** A served MCP endpoint, and how to end it. */
export interface ConformanceServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves what the suite asks for to the suite's client, which brings no token: every request comes as Ann, as if a
 * proxy before the gate had signed her in. All else is the gate's and the guard's. Revision 2026-07-28 is served without
 * sessions, and older ones with a session for each client, as the SDK advises. SDK 1 has the older ones only.
 */
export async function serveForSuite(sdk: 'v1' | 'v2'): Promise<ConformanceServer> {
  const world = await openWorld()
  const { resource, profile, port } = world
  const token = await world.token('ann')
  const tools = suiteTools(sdk, {
    toolsChanged: () => latest.notify.toolsChanged(),
    promptsChanged: () => latest.notify.promptsChanged(),
  })
  const rules = {
    guard: createGuard({ authorizationServer: profile, agent: { name: 'agent:conformance' } }),
    policies: Object.fromEntries(
      Object.entries(tools).map(([name, { inputSchema }]) => [name, policy(inputSchema, {})]),
    ),
    onError: () => {},
  }
  const [guarded, guardedV1] = [guardTools(tools, rules), guardToolsV1(tools as never, rules)]
  const info = { name: 'behalf-conformance', version: '1.0.0' }
  const server = () => {
    const made =
      sdk === 'v2'
        ? guarded.register(new McpServer(info, { ...guarded.serverOptions, capabilities }))
        : (guardedV1.register(new ServerV1(info, { capabilities })) as never as McpServer)
    return addPromptsAndResources(made, sdk)
  }
  const latest = createMcpHandler(server, { legacy: 'reject' })
  const sessions = new Map<string, WebStandardStreamableHTTPServerTransport>()
  const events = eventStore()
  const older: typeof latest.fetch = async (request, options) => {
    const id = request.headers.get('mcp-session-id')
    const known = id === null ? undefined : sessions.get(id)
    if (known !== undefined) return known.handleRequest(request, options)
    if (id !== null) return new Response(null, { status: 404 })
    const Transport =
      sdk === 'v2'
        ? WebStandardStreamableHTTPServerTransport
        : (TransportV1 as never as typeof WebStandardStreamableHTTPServerTransport)
    const transport = new Transport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (opened) => void sessions.set(opened, transport),
      onsessionclosed: (closed) => void sessions.delete(closed),
      eventStore: events,
      retryInterval: 500,
    })
    await server().connect(transport)
    return transport.handleRequest(request, options)
  }
  const gate = mcpResourceServer({
    resource,
    authorizationServer: profile,
    scopes: ['mcp:tools'],
    guarded: sdk === 'v2' ? guarded : guardedV1,
  })
  // The gate has read the body.
  const handle = nodeHandler(gate, async (request, options) =>
    sdk === 'v1' || (await isLegacyRequest(request, options.parsedBody))
      ? older(request, options)
      : latest.fetch(request, options),
  )
  port.serve((request, response) => {
    request.rawHeaders.push('Authorization', `Bearer ${token}`)
    handle(request, response)
  })
  return { url: resource, close: () => world.close() }
}
