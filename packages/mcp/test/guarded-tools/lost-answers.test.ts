// A client whose connection breaks between the end of a call and its answer.
import { policy } from '@behalf/core'
import { MCPClient } from '@mastra/mcp'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools, mcpResourceServer } from '../../src/server/index.ts'
import { openWorld, PATIENCE_MS, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Note = z.strictObject({ order: z.string() })

test('a write whose answer was lost runs again, since Mastra’s client calls once more by itself, as the guide warns', async () => {
  const ran: string[] = []
  const execute = ({ order }: z.infer<typeof Note>) => {
    ran.push(order)
    return `noted ${order}`
  }
  const options = { guard: world.guard(), policies: { note: policy(Note, { effect: 'write' }) } }
  const guarded = guardTools({ note: { inputSchema: Note, execute } }, options)
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 's', version: '1' }, guarded.serverOptions)),
  )
  const served = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile }).handle(mcp.fetch)
  const token = await world.token('ann')
  let calls = 0
  const fetch = async (url: string | URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    const response = await served(new Request(url, { ...init, headers }))
    if (!String(init.body).includes('"tools/call"') || ++calls > 1) return response
    // The first answer is lost on its way.
    await response.text()
    throw new TypeError('fetch failed')
  }
  const servers = { stock: { url: new URL(world.resource), fetch, connectTimeout: PATIENCE_MS } }
  const client = new MCPClient({ id: crypto.randomUUID(), servers })
  onTestFinished(() => client.disconnect())
  const { tools } = await client.listToolsWithErrors()
  const answer = await tools.stock_note?.execute?.({ order: 'o-1' }, {} as never)
  expect(JSON.stringify(answer)).toContain('noted o-1')
  expect([calls, ran]).toEqual([2, ['o-1', 'o-1']])
})
