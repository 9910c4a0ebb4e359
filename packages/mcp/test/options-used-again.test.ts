import { memoryStore, publicTool } from '@behalf/core'
import { verifies } from '@behalf/testing/requirements'
import { McpServer as ServerV1 } from '@modelcontextprotocol/sdk/server/mcp.js'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { createMcpSession, employeeAccess, type McpSession, machineAccess } from '../src/client/index.ts'
import { guardTools, mcpResourceServer, nodeHandler } from '../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../src/v1/index.ts'
import { backFrom, issuer, redirectUri, servers, serverUrl } from './client/metadata-servers.ts'
import { v2 } from './clients.ts'
import { connectClient, textOf } from './connect-client.ts'
import { openWorld, type World } from './world.ts'

// An app goes on with the same objects for its next user or server: a session, an access, a gate or guarded tools that
// it made before keep what they were made with.

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())

describe(verifies('I12', 'a session whose options are filled in again'), () => {
  function begun() {
    const [first, next] = [servers(), servers()]
    const shown: string[] = []
    const options = {
      serverUrl,
      owner: 'ann',
      client: { name: 'x', redirectUri, scopes: ['a'], authorizationOrigins: {} },
      showSignIn: (url: URL) => void shown.push(url.href),
      store: memoryStore(),
      fetch: first.fetch,
    }
    const own = { ...options, client: structuredClone(options.client) }
    const session = createMcpSession(options)
    const fillIn = () => {
      options.store = memoryStore()
      options.fetch = next.fetch
      options.showSignIn = () => void shown.push('for the next user')
      options.client.name = 'y'
      options.client.scopes.push('b')
      Object.assign(options.client, { registered: { [issuer]: { client_id: 'of the next' } } })
      Object.assign(options.client.authorizationOrigins, { [issuer]: ['https://hostile.example'] })
    }
    return { session, shown, fillIn, own, first, next }
  }
  const connect = (session: McpSession) => v2.connect(session, serverUrl).catch(() => {})

  test('finishes a sign-in where it began: its tokens come to no other store', async () => {
    const { session, shown, fillIn, own, first, next } = begun()
    await connect(session)
    fillIn()
    await session.finishSignIn(backFrom(shown[0], { code: 'c' }))
    expect(next.asked).toEqual([])
    expect(first.asked.filter(({ url }) => url === `${issuer}/token`)).toHaveLength(1)
    const again = createMcpSession(own)
    expect(await again.authProvider.tokens()).toMatchObject({ access_token: 'a-token' })
  })

  test('asks for its own scopes, by its own client', async () => {
    const { session, shown, fillIn, first, next } = begun()
    fillIn()
    await connect(session)
    const { searchParams } = new URL(shown[0] ?? '')
    expect(searchParams.get('client_id')).toBe('made')
    expect(searchParams.get('scope')).toBe('a')
    const registered = first.asked.find(({ url }) => url.endsWith('/register'))
    expect(JSON.parse(registered?.body ?? '')).toMatchObject({ client_name: 'x', scope: 'a' })
    expect(next.asked).toEqual([])
  })

  test('takes the address that the browser came back to once', async () => {
    const { session, shown, first } = begun()
    await connect(session)
    const callback = new URL(backFrom(shown[0], { code: 'anns' })).searchParams
    const finished = session.finishSignIn(callback)
    callback.set('code', 'bobs')
    await finished
    const exchange = first.asked.find(({ url }) => url === `${issuer}/token`)
    expect(new URLSearchParams(exchange?.body).get('code')).toBe('anns')
  })

  test('asks for the scopes of its own device login', async () => {
    const device = servers({ device_authorization_endpoint: `${issuer}/device` })
    const session = createMcpSession({
      serverUrl,
      owner: 'ann',
      client: { name: 'x', redirectUri, deviceLogin: true },
      showSignIn: () => {},
      store: memoryStore(),
      fetch: device.fetch,
    })
    const scopes = ['a']
    const login = session.signInByDevice({ show: () => {}, scopes })
    scopes.push('b')
    await expect(login).rejects.toThrow()
    const asked = device.asked.find(({ url }) => url === `${issuer}/device`)
    expect(new URLSearchParams(asked?.body).get('scope')).toBe('a')
  })
})

test(verifies('I12', 'access keeps its scopes, its key and the hosts that it trusts'), async () => {
  const { asked, fetch } = servers()
  const [scopes, trustedHosts] = [['a'], ['as.internal']]
  const employee = employeeAccess({
    serverUrl,
    issuer,
    clientId: 'c',
    clientSecret: 's',
    scopes,
    trustedHosts,
    fetch,
    identityProvider: {
      issuer: 'https://idp.example',
      clientId: 'i',
      idToken: () => 'id',
      tokenEndpoint: `${issuer}/idp`,
    },
  })
  scopes.push('b')
  trustedHosts.push('127.0.0.1')
  await v2.connect(employee, serverUrl).catch(() => {})
  const assertion = asked.find(({ url }) => url === `${issuer}/idp`)
  expect(new URLSearchParams(assertion?.body).get('scope')).toBe('a')
  await expect(employee.fetch('https://127.0.0.1/inside')).rejects.toThrow('an address is named that is not asked')

  const privateKey: Record<string, unknown> = { ...world.machine.privateKey }
  const at = { serverUrl: world.resource, issuer: world.target.authorizationServer.issuer }
  const machine = machineAccess({ ...at, clientId: world.machine.clientId, privateKey, algorithm: 'ES256' })
  for (const member of Object.keys(privateKey)) delete privateKey[member]
  world.serve({ gate: { scopes: [] } })
  await v2.connect(machine, world.resource)
})

test(verifies('I12', 'a gate keeps the hosts and the origins that it was made with'), async () => {
  const [hosts, origins] = [[new URL(world.resource).host], ['https://app.example']]
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, hosts, origins })
  hosts.push('rebound.example')
  origins.push('https://hostile.example')
  const ask = async (headers: Record<string, string>) => {
    const admission = await gate.admit(new Request(world.resource, { headers }))
    return admission.ok ? undefined : admission.response.status
  }
  expect(await ask({ host: 'rebound.example' })).toBe(403)
  expect(await ask({ origin: 'https://hostile.example' })).toBe(403)
  expect(await ask({ origin: 'https://app.example' })).toBe(401)
})

test(verifies('I12', 'a gate hands on the body that it decided about'), async () => {
  const tools = { look: {}, trade: { scopes: ['mcp:trade'] } }
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, tools })
  const headers = { authorization: `Bearer ${await world.token('ann', { scope: 'openid mcp:tools' })}` }
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'look', arguments: {} } }
  const admitted = gate.admit(new Request(world.resource, { method: 'POST', headers }), body)
  body.params.name = 'trade'
  const first = await admitted
  expect(first.ok && first.parsedBody).toMatchObject({ params: { name: 'look' } })
  body.params.name = 'look'
  const second = await gate.admit(new Request(world.resource, { method: 'POST', headers }), body)
  body.params.name = 'trade'
  expect(second.ok && second.parsedBody).toMatchObject({ params: { name: 'look' } })
})

describe(verifies('I12', 'a tool runs the body that it was guarded with'), () => {
  const Nothing = z.strictObject({})
  const tool = () => ({ description: 'first', inputSchema: Nothing, execute: () => 'first' })
  const fillIn = (one: ReturnType<typeof tool>) => Object.assign(one, { description: 'next', execute: () => 'next' })
  const policies = { look: publicTool(Nothing) }
  const call = async (handler: Parameters<typeof nodeHandler>[1]) => {
    const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
    world.port.serve(nodeHandler(gate, handler))
    const client = await connectClient(world.resource, await world.token('ann'))
    const [{ description } = {}] = (await client.listTools()).tools
    return [description, textOf(await client.callTool({ name: 'look', arguments: {} }))]
  }

  test('with SDK 2', async () => {
    const look = tool()
    const guarded = guardTools({ look }, { guard: world.guard(), policies })
    fillIn(look)
    const server = () => guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions))
    expect(await call(createMcpHandler(server).fetch)).toEqual(['first', 'first'])
  })

  test('with SDK 1', async () => {
    const look = tool()
    const guarded = guardToolsV1({ look }, { guard: world.guard(), policies })
    fillIn(look)
    const { WebStandardStreamableHTTPServerTransport: Transport } = await import(
      '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js'
    )
    expect(
      await call(async (request, options) => {
        const transport = new Transport({ enableJsonResponse: true })
        await guarded.register(new ServerV1({ name: 'x', version: '1' })).connect(transport)
        return transport.handleRequest(request, options as never)
      }),
    ).toEqual(['first', 'first'])
  })

  test('where it is an instance of a class', async () => {
    class Counter {
      readonly inputSchema = Nothing
      #calls = 0
      execute() {
        return String(++this.#calls)
      }
    }
    const guarded = guardTools({ look: new Counter() }, { guard: world.guard(), policies })
    const server = () => guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions))
    expect(await call(createMcpHandler(server).fetch)).toEqual([undefined, '1'])
  })
})
