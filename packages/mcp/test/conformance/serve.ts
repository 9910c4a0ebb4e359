import { createGuard, policy } from '@behalf/core'
import { guardTools, mcpResourceServer, nodeHandler, type ToolsOf } from '@behalf/mcp/server'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { openWorld } from '../world.ts'

const Nothing = z.strictObject({})
const image = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='
const audio = 'UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA='
const embedded = { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource.' }
const mixed = { uri: 'test://mixed-content-resource', mimeType: 'application/json', text: '{"test":"data"}' }

/** The suite's server tools, behind a gate and a guard. */
const bodies: Readonly<Record<string, () => unknown>> = {
  test_simple_text: () => 'This is a simple text response for testing.',
  test_image_content: () => ({ content: [{ type: 'image', data: image, mimeType: 'image/png' }] }),
  test_audio_content: () => ({ content: [{ type: 'audio', data: audio, mimeType: 'audio/wav' }] }),
  test_embedded_resource: () => ({ content: [{ type: 'resource', resource: embedded }] }),
  test_multiple_content_types: () => ({
    content: [
      { type: 'text', text: 'Multiple content types test:' },
      { type: 'image', data: image, mimeType: 'image/png' },
      { type: 'resource', resource: mixed },
    ],
  }),
  test_error_handling: () => {
    throw new Error('This tool intentionally returns an error for testing')
  },
}

/** A served MCP endpoint, and how to end it. */
export interface ConformanceServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves the suite's tools to the suite's client, which brings no token: every request comes as Ann, as if a proxy
 * before the gate had signed her in. All else is the gate's and the guard's.
 */
export async function serveForSuite(): Promise<ConformanceServer> {
  const world = await openWorld()
  const { resource, profile, port } = world
  const token = await world.token('ann')
  const gate = mcpResourceServer({ resource, authorizationServer: profile, scopes: ['mcp:tools'] })
  const names = Object.keys(bodies)
  const tools = Object.fromEntries(
    names.map((name) => [
      name,
      { description: `The suite's ${name}`, inputSchema: Nothing, execute: bodies[name] ?? (() => undefined) },
    ]),
  )
  const guarded = guardTools(tools as ToolsOf<Record<string, typeof Nothing>>, {
    guard: createGuard({ authorizationServer: profile, agent: { name: 'agent:conformance' } }),
    policies: Object.fromEntries(names.map((name) => [name, policy(Nothing, {})])),
  })
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 'behalf-conformance', version: '1.0.0' }, guarded.serverOptions)),
  )
  const handle = nodeHandler(gate, mcp.fetch)
  port.serve((request, response) => {
    request.rawHeaders.push('Authorization', `Bearer ${token}`)
    handle(request, response)
  })
  return { url: resource, close: () => world.close() }
}
