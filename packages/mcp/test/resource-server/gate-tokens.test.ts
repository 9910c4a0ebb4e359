import { memoryStore } from '@behalf/core'
import { generateDpopKey } from '@behalf/core/providers'
import { login, profileOf } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { mcpResourceServer } from '../../src/server/index.ts'
import { openWorld, type World } from '../world.ts'
import { call, challengeOf, echo } from './echo.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const gate = () =>
  mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, scopes: ['mcp:tools'] })

describe('tokens that are bound to a key', () => {
  test('a proof is good once, and for nothing else', async () => {
    const key = await generateDpopKey()
    const profile = profileOf(world.target, world.target.clients.public, { dpop: key })
    const options = { user: 'ann', client: world.target.clients.public, profile, resource: world.resource }
    const { accessToken } = await login(world.target, { ...options, scope: 'openid mcp:tools' })
    const { Token } = await import('@behalf/core/spi')
    const proof = () => key.proof({ method: 'POST', url: world.resource, accessToken: new Token(accessToken) })
    const dpop = { store: memoryStore() }
    const bound = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, dpop }).handle(echo)
    const request = (headers: Record<string, string>) =>
      bound(
        new Request(world.resource, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: JSON.stringify(call('x')),
        }),
      )
    const headers = { authorization: `DPoP ${accessToken}`, dpop: await proof() }
    expect((await request(headers)).status).toBe(200)
    const again = await request(headers)
    expect(again.status).toBe(401)
    expect(challengeOf(again)).toContain('error="invalid_dpop_proof"')
    expect((await request({ authorization: `Bearer ${accessToken}` })).status).toBe(401)
    const other = await (await generateDpopKey()).proof({ method: 'POST', url: world.resource })
    expect((await request({ ...headers, dpop: other })).status).toBe(401)
    expect((await request({ ...headers, dpop: await proof() })).status).toBe(200)
  })
})

verifies('MCP-SERVER-passthrough', 'a tool that looks for the token finds none', async () => {
  const token = await world.token('ann')
  const handler = createMcpHandler(() => {
    const server = new McpServer({ name: 'snoop', version: '1.0.0' })
    server.registerTool('snoop', { inputSchema: z.object({}) }, async (_input, context) => {
      const request = context.http?.req
      const headers = request === undefined ? {} : Object.fromEntries(request.headers)
      return { content: [{ type: 'text', text: JSON.stringify({ headers, auth: context.http?.authInfo }) }] }
    })
    return server
  })
  const response = await gate().handle(handler.fetch)(
    new Request(world.resource, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
      },
      body: JSON.stringify(call('snoop')),
    }),
  )
  const seen = await response.text()
  expect(seen).toContain('stock-cli')
  expect(seen).not.toContain(token.slice(0, 40))
})
