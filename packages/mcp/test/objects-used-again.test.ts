// An app that fills in one object for each of its requests.
import { currentIdentity, policy } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { WebStandardStreamableHTTPServerTransport as TransportV1 } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, type McpAuthInfo } from '../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../src/v1/index.ts'
import { openWorld, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Nothing = z.strictObject({})
const policies = { probe: policy(Nothing, { effect: 'write' }) }

const request = () =>
  new Request(world.resource, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'probe', arguments: {} } }),
  })

type Body = (input: unknown, surroundings: { readonly context: unknown }) => unknown
type Serve = (
  tools: { probe: { inputSchema: typeof Nothing; execute: Body } },
  guard: ReturnType<World['guard']>,
) => Answer
type Answer = (authInfo: McpAuthInfo) => Promise<string>

const servers: Readonly<Record<string, Serve>> = {
  v2(tools, guard) {
    const guarded = guardTools(tools, { guard, policies })
    const mcp = createMcpHandler(() =>
      guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
    )
    return async (authInfo) => (await mcp.fetch(request(), { authInfo })).text()
  },
  v1(tools, guard) {
    const guarded = guardToolsV1(tools, { guard, policies })
    return async (authInfo) => {
      const transport = new TransportV1()
      await guarded.register(new ServerV1({ name: 'x', version: '1' })).connect(transport)
      return (await transport.handleRequest(request(), { authInfo } as never)).text()
    }
  },
}

const authInfoOf = async (user: 'ann' | 'bob'): Promise<McpAuthInfo> => ({
  token: '',
  clientId: user,
  scopes: ['mcp:tools'],
  extra: { identity: await world.identity(await world.token(user)) },
})

const subjectOf = (identity: unknown) => JSON.parse(JSON.stringify(identity)).subject

describe.each(Object.entries(servers))('a server of the %s SDK', (_, serve) => {
  test(
    verifies('I1', 'a body is told of its own caller, where the app fills in the same authInfo for the next request'),
    async () => {
      const authInfo = await authInfoOf('ann')
      const bobs = await authInfoOf('bob')
      const guard = world.guard()
      const run = ((...call: Parameters<typeof guard.run>) => {
        const outcome = guard.run(...call)
        Object.assign(authInfo, bobs)
        return outcome
      }) as typeof guard.run
      const execute: Body = (_input, { context }) => {
        const { http, authInfo: told } = context as { http?: { authInfo: McpAuthInfo }; authInfo?: McpAuthInfo }
        const { clientId, extra } = http?.authInfo ?? told ?? {}
        return [subjectOf(currentIdentity()), clientId, subjectOf(extra?.identity)].join(' ')
      }
      const answer = serve({ probe: { inputSchema: Nothing, execute } }, { ...guard, run })
      expect(await answer(authInfo)).toContain('"text":"ann ann ann"')
    },
  )

  test('a call acts for the next caller where the app fills in authInfo before the SDK reaches the tool, as the guide warns', async () => {
    const authInfo = await authInfoOf('ann')
    const bobs = await authInfoOf('bob')
    const execute: Body = () => subjectOf(currentIdentity())
    const told = serve({ probe: { inputSchema: Nothing, execute } }, world.guard())(authInfo)
    Object.assign(authInfo, bobs)
    expect(await told).toContain('"text":"bob"')
  })
})
