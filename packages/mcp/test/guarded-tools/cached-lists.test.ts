// A list that is made for one user, at a server whose lists may be cached (revision 2026-07-28).
import { policy } from '@behalf/core'
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { guardTools, mcpResourceServer } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Nothing = z.strictObject({})

/**
 * The scope of the list that a client of Ann's gets, where the server says that each list is for all.
 *
 * @param next - What the app fills in for its next server, in the same object.
 */
async function scopeOf(list: 'permitted' | 'all', next = list) {
  const look = { inputSchema: Nothing, execute: () => 'looked' }
  const options = { guard: world.guard(), policies: { look: policy(Nothing, {}) }, list }
  const guarded = guardTools({ look }, options)
  options.list = next
  const cacheHints = { 'tools/list': { ttlMs: 60_000, cacheScope: 'public' } } as const
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 's', version: '1' }, { ...guarded.serverOptions, cacheHints })),
  )
  const served = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile }).handle(mcp.fetch)
  const token = await world.token('ann')
  const fetch = (url: string | URL, init: RequestInit = {}) => {
    const headers = new Headers(init.headers)
    headers.set('authorization', `Bearer ${token}`)
    return served(new Request(url, { ...init, headers }))
  }
  const client = new Client({ name: 'x', version: '1' }, { versionNegotiation: { mode: 'auto' } })
  await client.connect(new StreamableHTTPClientTransport(new URL(world.resource), { fetch }))
  onTestFinished(() => client.close())
  const { tools, cacheScope } = await client.listTools()
  expect(tools.map(({ name }) => name)).toEqual(['look'])
  return cacheScope
}

test('may be kept for that user alone, whatever the server says of its lists', async () => {
  expect(await scopeOf('permitted')).toBe('private')
})

test('shows everything to everybody with `list: all`, and may be kept for all', async () => {
  expect(await scopeOf('all')).toBe('public')
})

test('keeps what it shows, where the app fills in the same object for its next server', async () => {
  expect(await scopeOf('permitted', 'all')).toBe('private')
})
