import { readFileSync } from 'node:fs'
import { type Policy, policy, publicTool } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { guardTools, type McpResourceServerOptions, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { connectClient, textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

const Nothing = z.strictObject({})
const tool = { inputSchema: Nothing, execute: () => 'ran' }

const make = () => {
  const policies: Record<'trade' | 'look', Policy<Record<string, never>>> = {
    trade: policy(Nothing, { callerScopes: ['mcp:trade'] }) as never,
    look: policy(Nothing, {}) as never,
  }
  return guardTools({ trade: tool, look: tool }, { guard: world.guard(), policies })
}
const gateOf = (over: Partial<McpResourceServerOptions>) =>
  mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, ...over })

function serve(over: Partial<McpResourceServerOptions>, guarded = make()) {
  const mcp = createMcpHandler(() => {
    const server = new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)
    // An unguarded tool.
    server.registerTool('debug', { inputSchema: Nothing }, async () => ({ content: [{ type: 'text', text: 'ran' }] }))
    return guarded.register(server)
  })
  world.port.serve(nodeHandler(gateOf(over), mcp.fetch))
}

async function call(name: string, scope: string): Promise<string> {
  const client = await connectClient(world.resource, await world.token('ann', { scope: `openid ${scope}` }))
  return client.callTool({ name, arguments: {} }).then(textOf, String)
}

describe('a tool whose policy names scopes of the caller', () => {
  test('is called with a token that has them, and with no other', async () => {
    const guarded = make()
    serve({ guarded }, guarded)
    expect(await call('trade', 'mcp:tools mcp:trade')).toBe('ran')
    expect(await call('trade', 'mcp:tools')).toMatch(/insufficient|scope|403/i)
    expect(await call('look', 'mcp:tools')).toBe('ran')
  })

  test('is named by the metadata with its scopes', async () => {
    const gate = gateOf({ guarded: make() })
    const answer = await gate.admit(new Request(gate.metadataUrl))
    expect(answer.ok ? undefined : await answer.response.json()).toMatchObject({ scopes_supported: ['mcp:trade'] })
  })

  test('is refused by the guard where the gate was not told of it, and the console names the missing option', async () => {
    const written = vi.spyOn(console, 'error').mockImplementation(() => {})
    onTestFinished(() => written.mockRestore())
    serve({})
    expect(await call('trade', 'mcp:tools mcp:trade')).toBe('ran')
    expect(written).not.toHaveBeenCalled()
    expect(await call('trade', 'mcp:tools')).toBe('This action is not permitted.')
    expect(written).toHaveBeenCalledOnce()
    const said =
      'mcpResourceServer.guarded: is missing: the gate let a token without mcp:trade pass, and the client gets no challenge'
    expect(String(written.mock.calls[0])).toContain(said)
    expect(page).toContain(said)
  })

  test('is known to the gate for servers of the v1 SDK too', () => {
    const policies = { trade: policy(Nothing, { callerScopes: ['mcp:trade'] }) }
    const guarded = guardToolsV1({ trade: tool }, { guard: world.guard(), policies })
    expect([...guarded.callerScopes]).toEqual([['trade', ['mcp:trade']]])
    guarded.register(new ServerV1({ name: 's', version: '1' }))
  })
})

describe('a tool name that the gate does not know', () => {
  test(verifies('I12', 'is an error at start-up beside guarded tools, and says which there are'), () => {
    const guarded = make()
    const tools = { trad: { scopes: ['mcp:trade'] } }
    expect(() => gateOf({ guarded, tools })).toThrow(/mcpResourceServer\.tools\.trad: .*trade, look/)
    expect(() => gateOf({ guarded: {} as never })).toThrow('mcpResourceServer.guarded')
  })

  test(verifies('I12', 'is refused at the call, whether the SDK has such a tool or not'), async () => {
    const guarded = make()
    serve({ guarded }, guarded)
    expect(await call('debug', 'mcp:tools mcp:trade')).toContain('not served here')
    expect(await call('toString', 'mcp:tools mcp:trade')).toContain('not served here')
  })

  test(verifies('I12', 'misspelt in `tools` lets no token in: the tool itself is refused'), async () => {
    serve({ tools: { trad: { scopes: ['mcp:trade'] }, look: {} } })
    expect(await call('trade', 'mcp:tools mcp:trade')).toContain('not served here')
    expect(await call('look', 'mcp:tools')).toBe('ran')
  })
})

test('the rules of a public tool, and of a policy without caller scopes, ask nothing of a token', () => {
  const policies = { open: publicTool(Nothing), look: policy(Nothing, {}) }
  const guarded = guardTools({ open: tool, look: tool }, { guard: world.guard(), policies })
  expect([...guarded.callerScopes.values()]).toEqual([[], []])
})

test(
  verifies(
    'I12',
    'a gate and guarded tools keep their rules, where the app goes on with the same objects for its next server',
  ),
  async () => {
    const [scopes, trade] = [['mcp:tools'], { scopes: ['mcp:trade'] }]
    const gate = gateOf({ scopes, tools: { trade, look: {} } })
    scopes.length = 0
    trade.scopes = []
    const ask = async (name: string, scope: string) => {
      const headers = {
        authorization: `Bearer ${await world.token('ann', { scope })}`,
        'content-type': 'application/json',
      }
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } })
      const { ok } = await gate.admit(new Request(world.resource, { method: 'POST', headers, body }))
      return ok
    }
    expect([await ask('look', 'openid'), await ask('look', 'openid mcp:tools')]).toEqual([false, true])
    expect([await ask('trade', 'openid mcp:tools'), await ask('trade', 'openid mcp:tools mcp:trade')]).toEqual([
      false,
      true,
    ])
    const asked: string[] = []
    const guardOf = (name: string) => {
      const guard = world.guard()
      return {
        ...guard,
        run: ((...call: Parameters<typeof guard.run>) => {
          asked.push(name)
          return guard.run(...call)
        }) as typeof guard.run,
      }
    }
    const options = { guard: guardOf('first'), policies: { look: publicTool(Nothing) } }
    const guarded = guardTools({ look: tool }, options)
    options.guard = guardOf('next')
    serve({ guarded }, guarded as never)
    expect(await call('look', 'mcp:tools')).toBe('ran')
    expect(asked).toEqual(['first'])
  },
)
