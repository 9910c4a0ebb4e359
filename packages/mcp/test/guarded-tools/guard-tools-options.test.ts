import { ConfigurationError, createGuard, publicTool } from '@behalf/core'
import { oidc } from '@behalf/core/providers'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { McpServer } from '@modelcontextprotocol/server'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'

const Nothing = z.strictObject({})
const guard = createGuard({
  authorizationServer: oidc({ issuer: 'https://as.example', clientId: 'mcp' }),
  agent: { name: 'agent:x' },
})

describe('configuration', () => {
  const tools = { probe: { inputSchema: Nothing, execute: () => 1 } }
  const refuses =
    (over: object, given: object = tools) =>
    () => {
      const options = { guard: guard, policies: { probe: publicTool(Nothing) }, ...over }
      expect(() => guardTools(given as typeof tools, options as never)).toThrow(ConfigurationError)
    }
  test('an unknown option', refuses({ identity: 'ann' }))
  test('no guard', refuses({ guard: undefined }))
  test('a tool without a policy', refuses({ policies: {} }))
  test('a policy that is a property of Object', refuses({ policies: {} }, { constructor: tools.probe }))
  test('a tool without a body', refuses({}, { probe: { inputSchema: Nothing } }))
  test('a wait that clients do not wait for', refuses({ waitSeconds: 120 }))
  test('a wait of less than a second', refuses({ waitSeconds: 0.2 }))
  test('a wait that is no number', refuses({ waitSeconds: '5' }))
  test('a list of another kind', refuses({ list: 'some' }))
  test('a short key', refuses({ requestState: { key: new Uint8Array(16) } }))
  test('a key that is a placeholder', refuses({ requestState: { key: new Uint8Array(32) } }))
  test('a state that never ends', refuses({ requestState: { lifetimeSeconds: Number.POSITIVE_INFINITY } }))

  test('a server that was made without `serverOptions`, which would take any state', () => {
    const guarded = guardTools(tools, { guard: guard, policies: { probe: publicTool(Nothing) } })
    expect(() => guarded.register(new McpServer({ name: 'x', version: '1' }))).toThrow(
      'make it by `new McpServer(info, guarded.serverOptions)`',
    )
  })

  test('a server of the other SDK', () => {
    const options = { guard: guard, policies: { probe: publicTool(Nothing) } }
    const [v1, v2] = [new ServerV1({ name: 'x', version: '1' }), new McpServer({ name: 'x', version: '1' })]
    expect(() => guardTools(tools, options).register(v1 as never)).toThrow('of the v1 SDK: use @behalf/mcp/v1 for it')
    expect(() => guardToolsV1(tools, options).register(v2 as never)).toThrow('of the v2 SDK: use @behalf/mcp/server')
  })

  test('a list that could not be filtered', () => {
    const guarded = guardTools(tools, { guard: guard, policies: { probe: publicTool(Nothing) } })
    const server = new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)
    // As a later version of the SDK may keep them.
    Object.defineProperty(server.server, '_requestHandlers', { value: undefined, writable: true })
    expect(() => guarded.register(Object.assign(server, { registerTool: () => {} }))).toThrow(/list: 'all'/)
  })
})
