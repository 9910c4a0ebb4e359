import { createGuard, publicTool } from '@behalf/core'
import { oidc } from '@behalf/core/providers'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../src/server/index.ts'

// What was seen to go wrong with MCP, each held by a test: frameworks.md, section 4. Most are held where they belong:
// registrations that name only what a challenge named in `hostile-metadata.test.ts`, thrown errors, stolen or changed
// state and clients of either age in `guard-tools.test.ts`, servers of the first SDK in `interop.test.ts`.

const inputSchema = z.strictObject({ to: z.string().describe('Where to'), times: z.number().default(1) })
const hints = { title: 'Sends', description: 'Sends a thing', annotations: { destructiveHint: true } }

async function answerOf(server: () => McpServer, method: string, params: object = {}) {
  const response = await createMcpHandler(server).fetch(
    new Request('https://mcp.example/mcp', {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    }),
  )
  const [, data = '{}'] = /data: (.*)/.exec(await response.text()) ?? []
  return JSON.parse(data).result
}

test('a guarded tool is listed as it would be without the guard, and gets its input as its schema made it', async () => {
  const seen: unknown[] = []
  const guarded = guardTools(
    { send: { inputSchema, ...hints, execute: (input) => void seen.push(input) } },
    {
      guard: createGuard({
        authorizationServer: oidc({ issuer: 'https://as.example', clientId: 'x', clientSecret: 's' }),
        agent: { name: 'agent:sender' },
      }),
      policies: { send: publicTool(inputSchema) },
      list: 'all',
    },
  )
  const info = { name: 'x', version: '1' }
  const bare = () => {
    const server = new McpServer(info)
    server.registerTool('send', { inputSchema, ...hints }, async () => ({ content: [] }))
    return server
  }
  const behind = () => guarded.register(new McpServer(info, guarded.serverOptions))
  expect(await answerOf(behind, 'tools/list')).toEqual(await answerOf(bare, 'tools/list'))
  await answerOf(behind, 'tools/call', { name: 'send', arguments: { to: 'ann' } })
  expect(seen).toEqual([{ to: 'ann', times: 1 }])
})

test('without `onError`, what a body throws is written to the console, without its message', async () => {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => written.mockRestore())
  const Nothing = z.strictObject({})
  const execute = () => {
    throw new RangeError('postgres://admin:secret@db')
  }
  const guarded = guardTools(
    { probe: { inputSchema: Nothing, execute } },
    {
      guard: createGuard({
        authorizationServer: oidc({ issuer: 'https://as.example', clientId: 'x', clientSecret: 's' }),
        agent: { name: 'agent:x' },
      }),
      policies: { probe: publicTool(Nothing) },
      list: 'all',
    },
  )
  const server = () => guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions))
  expect(await answerOf(server, 'tools/call', { name: 'probe', arguments: {} })).toMatchObject({ isError: true })
  expect(written).toHaveBeenCalledOnce()
  expect(String(written.mock.calls[0])).toMatch(
    /^@behalf\/mcp: the tool "probe" failed with RangeError: .+\n\s+at .*traps\.test/,
  )
  expect(String(written.mock.calls)).not.toContain('secret')
})
