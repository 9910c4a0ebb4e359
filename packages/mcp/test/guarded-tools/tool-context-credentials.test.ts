import { policy } from '@behalf/core'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import type { RequestHandlerExtra } from '@modelcontextprotocol/sdk/shared/protocol.js'
import type { ServerNotification, ServerRequest } from '@modelcontextprotocol/sdk/types.js'
import { createMcpHandler, McpServer, type ServerContext } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, type ToolSurroundings } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

type Extra = RequestHandlerExtra<ServerRequest, ServerNotification>
const Nothing = z.strictObject({})
const policies = { probe: policy(Nothing, { effect: 'write' }) }

describe('the context of a body, by itself', () => {
  const secrets = { authorization: 'Bearer a-secret', cookie: 'sid=a-secret', dpop: 'a-secret' }
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'probe', arguments: {} } }
  const request = () =>
    new Request(world.resource, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...secrets },
      body: JSON.stringify(body),
    })
  const authInfo = async () => {
    const identity = await world.identity(await world.token('ann'))
    return { token: 'a-secret', clientId: 'c', scopes: ['mcp:tools'], extra: { identity, refreshToken: 'a-secret' } }
  }

  test('holds no credentials, whatever stands before the server (v2 SDK)', async () => {
    let seen = ''
    const execute = (_input: unknown, { context: { http } }: ToolSurroundings<ServerContext>) => {
      seen = JSON.stringify([http, [...(http?.req?.headers ?? [])]])
      return http?.authInfo?.clientId
    }
    const guarded = guardTools({ probe: { inputSchema: Nothing, execute } }, { guard: world.guard(), policies })
    const mcp = createMcpHandler(() =>
      guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
    )
    expect(await (await mcp.fetch(request(), { authInfo: await authInfo() })).text()).toContain('"text":"c"')
    expect(seen).toContain('content-type')
    expect(seen).not.toContain('a-secret')
  })

  test('holds no credentials, whatever stands before the server (v1 SDK)', async () => {
    let seen = ''
    const execute = (_input: unknown, { context }: ToolSurroundings<Extra>) => {
      seen = JSON.stringify(context)
      return context.authInfo?.clientId
    }
    const guarded = guardToolsV1({ probe: { inputSchema: Nothing, execute } }, { guard: world.guard(), policies })
    const transport = new TransportV1()
    await guarded.register(new ServerV1({ name: 'x', version: '1' })).connect(transport)
    const response = await transport.handleRequest(request(), { authInfo: await authInfo() } as never)
    expect(await response.text()).toContain('"text":"c"')
    expect(seen).toContain('content-type')
    expect(seen).not.toContain('a-secret')
  })
})
