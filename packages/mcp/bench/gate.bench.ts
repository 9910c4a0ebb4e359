import { createGuard, currentCall, policy } from '@behalf/core'
import { login, profileOf, startMockServers } from '@behalf/testing'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { bench } from '../../../scripts/bench/bench.ts'
import { note } from '../../../scripts/bench/figures.ts'
import { guardTools, mcpResourceServer } from '../src/server/index.ts'

// A typical request: the keys that verify the token are known, and the tool needs no approval.

const RESOURCE = 'https://mcp.behalf.example/mcp'
const REQUESTS = 10_000
const AT_ONCE = 100

const servers = await startMockServers({ algorithm: 'ES256' })
const profile = profileOf(servers, servers.clients.agent)
const audience = 'https://agent.behalf.example/'
const tokens = {
  ann: (await login(servers, { user: 'ann', profile, scope: 'openid chat' })).accessToken,
  bob: (await login(servers, { user: 'bob', profile, scope: 'openid chat' })).accessToken,
}

const Nothing = z.strictObject({})
const whoami = policy(Nothing, {})
const guard = createGuard({ authorizationServer: profile, agent: { name: 'agent:bench' } })
const guarded = guardTools(
  {
    whoami: {
      inputSchema: Nothing,
      execute: () => {
        const { identity } = currentCall(whoami)
        return identity?.kind === 'user' ? identity.subject : 'no user'
      },
    },
  },
  { guard, policies: { whoami } },
)
const info = { name: 'bench', version: '1.0.0' }
const bare = createMcpHandler(() => {
  const server = new McpServer(info)
  server.registerTool('whoami', { inputSchema: Nothing }, async () => ({ content: [{ type: 'text', text: 'ann' }] }))
  return server
})
const behind = createMcpHandler(() => guarded.register(new McpServer(info, guarded.serverOptions)))
const gate = mcpResourceServer({ resource: RESOURCE, authorizationServer: profile, audience, scopes: ['chat'] })
const gatedBare = gate.handle(bare.fetch)
const gatedGuarded = gate.handle(behind.fetch)

const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami', arguments: {} } })
const requestBy = (user: 'ann' | 'bob') =>
  new Request(RESOURCE, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${tokens[user]}`,
    },
    body,
  })
const textOf = async (response: Promise<Response>) => (await response).text()

const first = await textOf(gatedGuarded(requestBy('ann')))
if (!first.includes('ann')) throw new Error(`the benchmark is not set up right: ${first}`)
servers.close()

let mixed = 0
const began = performance.now()
for (let done = 0; done < REQUESTS; done += AT_ONCE) {
  await Promise.all(
    Array.from({ length: AT_ONCE }, async (_, index) => {
      const user = index % 2 === 0 ? 'ann' : 'bob'
      const text = await textOf(gatedGuarded(requestBy(user)))
      if (!text.includes(`"text":"${user}"`)) mixed++
    }),
  )
}
const seconds = (performance.now() - began) / 1000
note(
  `${REQUESTS} requests of two users, ${AT_ONCE} at once: ${mixed} mixed, ${Math.round(REQUESTS / seconds)} a second`,
)
if (mixed > 0) throw new Error('users were mixed')

// What no gate can do without: the token's signature, checked by itself.
const [signed = '', signature = ''] = /^(.+)\.([^.]+)$/.exec(tokens.ann)?.slice(1) ?? []
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const { publicKey } = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
const [bytes, mac] = [new TextEncoder().encode(signed), Buffer.from(signature, 'base64url')]
const oneSignature = () => crypto.subtle.verify(algorithm, publicKey, mac, bytes)

bench('MCP: the gate before a handler', {
  run: () => textOf(gatedBare(requestBy('ann'))),
  peer: { name: 'the bare handler', run: () => textOf(bare.fetch(requestBy('ann'))) },
})
bench('MCP: the gate, beside the one signature that it checks', {
  run: () => textOf(gatedBare(requestBy('ann'))),
  peer: {
    name: 'the bare handler and one ES256',
    run: async () => {
      await oneSignature()
      return textOf(bare.fetch(requestBy('ann')))
    },
  },
})
bench('MCP: the gate and a guarded tool', {
  run: () => textOf(gatedGuarded(requestBy('ann'))),
  peer: { name: 'the gate and a bare one', run: () => textOf(gatedBare(requestBy('ann'))) },
})
