import { readFileSync } from 'node:fs'
import { type DefinedTool, defineTool } from '@behalf/core'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { type GuardRules, mcpResourceServer, nodeHandler, toMcpTools } from '../../src/server/index.ts'
import { guardTools as guardToolsV1 } from '../../src/v1/index.ts'
import { connectClient } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => world.target.reset())

const page = readFileSync(new URL('../../../../docs/mistakes.md', import.meta.url), 'utf8')
const SECRET = 'postgres://admin:secret@db'
const toolWith = (over: object) =>
  defineTool({
    name: 'pay',
    description: 'Pays.',
    input: z.strictObject({}),
    run: () => 'paid',
    ...over,
  } as never) as DefinedTool

function consoleLines() {
  const written = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => written.mockRestore())
  return () => written.mock.calls.map(String)
}

async function call(tool: DefinedTool, rules: Pick<GuardRules, 'onError'> = {}) {
  const guarded = toMcpTools(world.guard(), [tool], { list: 'all', ...rules })
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, guarded })
  const mcp = createMcpHandler(() =>
    guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
  )
  world.port.serve(nodeHandler(gate, mcp.fetch))
  const client = await connectClient(world.resource, await world.token('ann'))
  return client.callTool({ name: 'pay', arguments: {} })
}

const unsendable = () => toolWith({ approval: { message: () => 'don’t pay 5 %' } })
const throwing = () =>
  toolWith({
    permission: () => {
      throw new RangeError(`no rule, ${SECRET}`)
    },
  })

test('a question that is not sent is written to the console with its reason, which the client does not get', async () => {
  const lines = consoleLines()
  const result = await call(unsendable())
  expect(result._meta).toMatchObject({ 'behalf/refusal': 'approval_not_sent' })
  expect(JSON.stringify(result)).not.toContain('invalid_binding_message')
  expect(lines()).toEqual([
    expect.stringMatching(
      /^@behalf: the tool "pay" was refused \(approval_not_sent\): approval\.message: .*"invalid_binding_message"/,
    ),
  ])
})

test('a rule that throws is written to the console with its name, and without its message', async () => {
  const lines = consoleLines()
  expect((await call(throwing()))._meta).toMatchObject({ 'behalf/refusal': 'misconfigured' })
  expect(lines()).toEqual([
    '@behalf: the tool "pay" was refused (misconfigured): the rule permission threw RangeError: give `onError` to see its message',
  ])
})

test('onError gets both in place of the console, whole', async () => {
  const lines = consoleLines()
  const told: string[] = []
  const onError = (error: unknown, name: string) => void told.push(`${name} ${String(error)}`)
  await call(unsendable(), { onError })
  await call(throwing(), { onError })
  expect(told).toEqual([
    expect.stringMatching(/^pay ConfigurationError: pay: was refused \(approval_not_sent\): approval\.message: /),
    expect.stringContaining('(misconfigured): the rule permission threw RangeError: no rule, postgres://[hidden]@db'),
  ])
  expect(lines()).toEqual([])
})

test('a refusal that is no fault of the set-up is not written', async () => {
  const lines = consoleLines()
  const denied = call(toolWith({ approval: { message: () => 'Pay' } }))
  await vi.waitFor(async () => world.target.authorizationServer.controls.deny())
  expect((await denied)._meta).toMatchObject({ 'behalf/refusal': 'approval_denied' })
  expect(lines()).toEqual([])
})

test('a newcomer finds both texts on the page of typical mistakes', async () => {
  const lines = consoleLines()
  await call(unsendable())
  const gate = mcpResourceServer({ resource: 'http://127.0.0.1:8790/mcp', authorizationServer: world.profile })
  await gate.admit(new Request('http://localhost:8790/mcp'))
  const [unsent, refused] = lines()
  expect(page).toContain(
    unsent
      ?.replace('@behalf: ', '')
      .replace('"pay"', '"buy"')
      .replace(/(message").*/, '$1'),
  )
  expect(page).toContain(/the host .*:8790/.exec(refused ?? '')?.[0])
})

test('a gate writes the first host and the first origin that it refuses, and no other, also where onRefused is given', async () => {
  const lines = consoleLines()
  const onRefused = vi.fn()
  const resource = 'http://127.0.0.1:8790/mcp'
  const gate = mcpResourceServer({ resource, authorizationServer: world.profile, onRefused })
  const refused = [
    { host: 'localhost:8790' },
    { origin: 'http://localhost:6274' },
    { host: 'evil.example' },
    { origin: 'https://evil.example' },
  ]
  for (const from of refused) {
    const headers = { authorization: 'Bearer a.b.c', ...from } as Record<string, string>
    expect(await gate.admit(new Request(resource, { headers }))).toMatchObject({ response: { status: 403 } })
  }
  expect(lines()).toEqual([
    '@behalf/mcp: mcpResourceServer refused a request (403): the host "localhost:8790" is not in its `hosts`, which are 127.0.0.1:8790. Further ones are not written',
    '@behalf/mcp: mcpResourceServer refused a request (403): the origin "http://localhost:6274" is not in its `origins`, which are http://127.0.0.1:8790. Further ones are not written',
  ])
  expect(onRefused).not.toHaveBeenCalled()
})

test('a gate that lets no page call says so of the first origin that it refuses', async () => {
  const lines = consoleLines()
  const gate = gateOver({ origins: [] })
  await gate.admit(new Request(world.resource, { method: 'OPTIONS', headers: { origin: 'null' } }))
  expect(lines()).toEqual([expect.stringContaining('the origin "null" is not in its `origins`, which are empty.')])
})

test.each([
  ['v2', toMcpTools],
  ['v1', guardToolsV1],
])('a gate writes once that no server has its guarded tools (%s)', async (_, guardTools) => {
  const lines = consoleLines()
  const { name, policy } = toolWith({})
  const guarded =
    guardTools === toMcpTools
      ? toMcpTools(world.guard(), [toolWith({})])
      : guardToolsV1({ [name]: { inputSchema: z.strictObject({}), execute: () => 'paid' } } as never, {
          guard: world.guard(),
          policies: { [name]: policy } as never,
        })
  const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile, guarded })
  const token = await world.token('ann')
  const send = () =>
    gate.handle(async () => new Response('{}'))(
      new Request(world.resource, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' }),
      }),
    )
  for (const _ of [1, 2]) expect((await send()).status).toBe(200)
  expect(lines()).toEqual([
    '@behalf/mcp: a request was served, and no server has the guarded tools (pay): call `guarded.register(server)` for each server',
  ])
})

test('a gate whose first request reaches no server, such as one for a session of an earlier process, writes nothing', async () => {
  const lines = consoleLines()
  world.serve()
  const authorization = `Bearer ${await world.token('ann')}`
  const send = async (method: string, headers: Readonly<Record<string, string>>) =>
    (await fetch(world.resource, { method, headers: { authorization, ...headers } })).status
  expect(await send('GET', { accept: 'text/event-stream' })).toBe(405)
  expect(await send('DELETE', { 'mcp-session-id': 'earlier' })).toBe(404)
  expect(lines()).toEqual([])
})

test('a gate whose guarded tools are registered within its first request writes nothing', async () => {
  const lines = consoleLines()
  const called = call(toolWith({ approval: { message: () => 'Pay' } }))
  await vi.waitFor(async () => world.target.authorizationServer.controls.deny())
  await called
  expect(lines()).toEqual([])
})

const toolCall = (token: string | undefined, name = 'pay') =>
  new Request(world.resource, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } }),
  })
const gateOver = (over: object) =>
  mcpResourceServer({
    resource: world.resource,
    authorizationServer: world.profile,
    tools: { pay: { scopes: ['mcp:all'] }, sell: { scopes: ['mcp:all'] } },
    ...over,
  })

test('a gate writes once for each tool that a token lacks a scope, without the token', async () => {
  const lines = consoleLines()
  const gate = gateOver({})
  const token = await world.token('ann')
  for (const name of ['pay', 'pay', 'sell']) {
    expect(await gate.admit(toolCall(token, name))).toMatchObject({ response: { status: 403 } })
  }
  for (const other of [undefined, 'a.b.c', 'a.b.d']) {
    expect(await gate.admit(toolCall(other))).toMatchObject({ response: { status: 401 } })
  }
  expect(lines()).toEqual([
    '@behalf/mcp: mcpResourceServer refused a call of "pay" (403): the token lacks mcp:all. Further ones like it are not written',
    '@behalf/mcp: mcpResourceServer refused a call of "sell" (403): the token lacks mcp:all. Further ones like it are not written',
    '@behalf/mcp: mcpResourceServer refused a request (401): malformed. Further ones like it are not written',
  ])
  expect(page).toContain('refused a call of "buy" (403): the token lacks mcp:trade')
})

test('a gate writes what a client sent without control characters, which a terminal would obey', async () => {
  const lines = consoleLines()
  const gate = gateOver({ tools: undefined, scopes: ['mcp:all'] })
  for (const headers of [{ host: 'evil.example\u009B2J' }, { origin: 'https://evil.example/\u009B2J' }]) {
    expect(await gate.admit(new Request(world.resource, { headers }))).toMatchObject({ response: { status: 403 } })
  }
  const called = toolCall(await world.token('ann'), 'pay\u009B2J\u202E')
  expect(await gate.admit(called)).toMatchObject({ response: { status: 403 } })
  expect(lines()).toHaveLength(3)
  for (const line of lines()) expect(line).toContain('[U+009B]2')
  expect(lines()[2]).toContain('[U+202E]')
})

test('onRefused gets each refusal of a token in place of the console, and its error changes no response', async () => {
  const lines = consoleLines()
  const told: unknown[] = []
  const onRefused = (refusal: unknown) => {
    told.push(refusal)
    throw new Error('the log is away')
  }
  const gate = gateOver({ onRefused })
  const token = await world.token('ann')
  for (const _ of [1, 2]) expect(await gate.admit(toolCall(token))).toMatchObject({ response: { status: 403 } })
  expect(told).toEqual(Array(2).fill({ status: 403, reason: 'the token lacks mcp:all', tool: 'pay' }))
  // Such a client learns from the response where to sign in.
  expect(await gate.admit(toolCall(undefined))).toMatchObject({ response: { status: 401 } })
  expect(told).toHaveLength(2)
  expect(lines()).toEqual([])
  expect(() => gateOver({ onRefused: 'log' })).toThrow('mcpResourceServer.onRefused')
})

test('a gate writes twenty reasons at most', async () => {
  const lines = consoleLines()
  const names = Array.from({ length: 30 }, (_, at) => `tool-${at}`)
  const gate = gateOver({ tools: Object.fromEntries(names.map((name) => [name, { scopes: ['mcp:all'] }])) })
  const token = await world.token('ann')
  for (const name of names) await gate.admit(toolCall(token, name))
  expect(lines()).toHaveLength(20)
})
