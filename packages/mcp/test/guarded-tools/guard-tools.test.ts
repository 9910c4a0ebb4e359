import { currentIdentity, type Identity, policy } from '@behalf/core'
import { buy } from '@behalf/testing/contract'
import { verifies } from '@behalf/testing/requirements'
import { ProtocolError } from '@modelcontextprotocol/client'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { guardTools, mcpResourceServer, nodeHandler } from '../../src/server/index.ts'
import { roundOf } from '../../src/server/request-state.ts'
import { connectClient, textOf } from '../connect-client.ts'
import { openWorld, type World } from '../world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world.close())
beforeEach(() => world.target.reset())

const Nothing = z.strictObject({})
const orders = async (portfolio = 'p-ann') => (await world.target.api.controls.orders(portfolio)).length
const pageOf = ({ id }: { readonly id: string }) => `https://app.example/approvals/${id}`
const legacy = { versionNegotiation: { mode: 'legacy' } } as const
const modern = { versionNegotiation: { mode: 'auto' }, capabilities: { elicitation: { url: {} } } } as const

async function openQuestion(subject: string) {
  const { controls } = world.target.authorizationServer
  for (;;) {
    const [request] = await controls.pendingRequests(subject)
    if (request !== undefined) return request
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Says yes as soon as the question is there. @returns its words */
async function approveSoon(subject = 'ann'): Promise<string> {
  const request = await openQuestion(subject)
  await world.target.authorizationServer.controls.approve(request.authReqId)
  return request.bindingMessage ?? ''
}

const connect = async (user: 'ann' | 'bob', options?: Parameters<typeof connectClient>[2]) =>
  connectClient(world.resource, await world.token(user), options)

interface Waiting {
  readonly resultType?: string
  readonly requestState?: string
  readonly inputRequests?: Record<string, { readonly params: { readonly url?: string; readonly message: string } }>
  readonly _meta?: Record<string, unknown>
}

describe('what a user is shown, and may do', () => {
  test('the tools that the user could call, and no others', async () => {
    world.serve()
    const client = await connect('ann')
    const shown = ['get_stock_price', 'whoami', 'get_portfolio', 'create_order']
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(shown)
    expect((await (await connect('ann', legacy)).listTools()).tools.map(({ name }) => name)).toEqual(shown)
    world.serve({ rules: { list: 'all' } })
    expect((await (await connect('ann')).listTools()).tools).toHaveLength(5)
    // Hidden or not, a call is checked by itself.
    const refused = await client.callTool({ name: 'close_account', arguments: { portfolio: 'p-ann' } })
    expect(refused).toMatchObject({ isError: true, _meta: { 'behalf/refusal': 'not_permitted' } })
  })

  test('each call acts for the user of its token, with credentials of its own size', async () => {
    world.serve()
    const client = await connect('ann')
    const me = await client.callTool({ name: 'whoami', arguments: {} })
    expect(JSON.parse(textOf(me))).toEqual({ subject: 'ann', clientId: 'stock-cli' })
    expect(textOf(await client.callTool({ name: 'get_portfolio', arguments: { portfolio: 'p-ann' } }))).toContain(
      'p-ann',
    )
    const small = await client.callTool({ name: 'create_order', arguments: buy(5) })
    expect(JSON.parse(textOf(small))).toMatchObject({ quantity: 5, status: 'filled' })
  })

  test('another’s portfolio is refused with a fixed sentence, and no question is sent', async () => {
    world.serve()
    const client = await connect('ann')
    const refused = await client.callTool({ name: 'create_order', arguments: buy(50, { portfolio: 'p-bob' }) })
    expect(textOf(refused)).toBe('This action is not permitted.')
    expect(refused.isError).toBe(true)
    expect(await world.target.authorizationServer.controls.pendingRequests()).toHaveLength(0)
    expect(await orders('p-bob')).toBe(0)
  })
})

describe('a client of revision 2026-07-28', () => {
  test('a large order waits within the rounds, and is placed once', async () => {
    world.serve({ rules: { waitSeconds: 5 } })
    const client = await connect('ann')
    const placing = client.callTool({ name: 'create_order', arguments: buy(50) })
    const [result, message] = await Promise.all([placing, approveSoon()])
    expect(message).toBe('Buy 50 shares of AAPL')
    expect(JSON.parse(textOf(result))).toMatchObject({ quantity: 50, status: 'filled' })
    expect(await orders()).toBe(1)
  })

  test('a page to open is named first; a fresh client goes on with the state', async () => {
    world.serve({ rules: { pageOf } })
    const asked = (await (
      await connect('ann', modern)
    ).callTool({ name: 'create_order', arguments: buy(50) }, { allowInputRequired: true })) as Waiting
    const { url, message } = asked.inputRequests?.behalf?.params ?? {}
    expect(url).toMatch(/^https:\/\/app\.example\/approvals\/./)
    expect(message).toBe('Buy 50 shares of AAPL')
    expect(asked._meta?.['behalf/interrupt']).toMatchObject({ v: 1, kind: 'approval_pending', tool: 'create_order' })
    await approveSoon()
    const later = await (await connect('ann', modern)).callTool(
      { name: 'create_order', arguments: buy(50), requestState: asked.requestState } as never,
      { allowInputRequired: true },
    )
    expect(JSON.parse(textOf(later as never))).toMatchObject({ quantity: 50 })
    // The same state again is the same run: told again, not run again.
    const again = await (await connect('ann', modern)).callTool(
      { name: 'create_order', arguments: buy(50), requestState: asked.requestState } as never,
      { allowInputRequired: true },
    )
    expect(textOf(again as never)).toBe(textOf(later as never))
    expect(await orders()).toBe(1)
  })

  test('a no, and a page that the user does not open', async () => {
    world.serve({ rules: { pageOf } })
    const client = await connect('ann', modern)
    client.setRequestHandler('elicitation/create', async () => ({ action: 'decline' }))
    const left = await client.callTool({ name: 'create_order', arguments: buy(50) })
    expect(left).toMatchObject({ isError: true, _meta: { 'behalf/interrupt': { kind: 'approval_pending' } } })
    const { controls } = world.target.authorizationServer
    await controls.deny((await openQuestion('ann')).authReqId)
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept' }))
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const denied = await client.callTool({ name: 'create_order', arguments: buy(50) })
    expect(textOf(denied)).toContain('was denied')
    expect(await orders()).toBe(0)
  })

  const tried = async (user: 'ann' | 'bob', change: (state: string) => string) => {
    world.serve({ rules: { waitSeconds: 0 } })
    const first = (await (
      await connect('ann')
    ).callTool({ name: 'create_order', arguments: buy(50) }, { allowInputRequired: true })) as Waiting
    const stolen = (await connect(user)).callTool(
      { name: 'create_order', arguments: buy(50), requestState: change(first.requestState ?? '') } as never,
      { allowInputRequired: true },
    )
    await expect(stolen).rejects.toSatisfy((error) => ProtocolError.isInstance(error) && error.code === -32_602)
    expect(await orders()).toBe(0)
  }

  verifies('MCP-SERVER-state-user', 'another user’s state is refused before any tool is asked', () =>
    tried('bob', (state) => state),
  )

  verifies('MCP-SERVER-state-integrity', 'a state that was changed is refused before any tool is asked', () =>
    // Not the last character: some of its bits may mean nothing.
    tried('ann', (state) => state.replace(/.(?=.{8}$)/, (one) => (one === 'A' ? 'B' : 'A'))),
  )

  test('a state of another tool, and an invalid page, are ignored', async () => {
    world.serve({ rules: { waitSeconds: 0, pageOf: () => 'javascript:alert(1)' } })
    const client = await connect('ann', modern)
    const name = 'create_order'
    const first = (await client.callTool({ name, arguments: buy(50) }, { allowInputRequired: true })) as Waiting
    expect(first.inputRequests ?? {}).toEqual({})
    expect(roundOf({ tool: name, slot: 'slot' }, name)).toEqual({ tool: name, slot: 'slot' })
    expect(roundOf({ tool: name, slot: 'slot' }, 'whoami')).toBeUndefined()
    const other = { name: 'whoami', arguments: {}, requestState: first.requestState } as never
    expect(textOf(await client.callTool(other))).toContain('ann')
    const again = { name, arguments: buy(50), requestState: first.requestState } as never
    const asked = (await client.callTool(again, { allowInputRequired: true })) as Waiting
    expect(asked._meta?.['behalf/interrupt']).toMatchObject({ kind: 'approval_pending' })
  })

  test('a state of other arguments approves nothing', async () => {
    world.serve({ rules: { waitSeconds: 0 } })
    const client = await connect('ann')
    const name = 'create_order'
    const first = (await client.callTool({ name, arguments: buy(50) }, { allowInputRequired: true })) as Waiting
    await approveSoon()
    await new Promise((resolve) => setTimeout(resolve, 1000))
    const other = { name, arguments: buy(500), requestState: first.requestState } as never
    const asked = (await client.callTool(other, { allowInputRequired: true })) as Waiting
    expect(asked._meta?.['behalf/interrupt']).toMatchObject({ message: 'Buy 500 shares of AAPL' })
    expect(await orders()).toBe(0)
  })
})

describe('a client of an older revision', () => {
  test('is told a page by -32042, and finds its approval by the same call', async () => {
    world.serve({ rules: { pageOf } })
    const client = await connect('ann', { ...legacy, capabilities: { elicitation: { url: {} } } })
    const asked = await client.callTool({ name: 'create_order', arguments: buy(50) }).catch((error: unknown) => error)
    expect(asked).toMatchObject({ code: -32_042 })
    const { data } = asked as { readonly data: { readonly elicitations: readonly unknown[] } }
    expect(data.elicitations).toMatchObject([{ mode: 'url', message: 'Buy 50 shares of AAPL' }])
    await approveSoon()
    await new Promise((resolve) => setTimeout(resolve, 1700))
    const placed = await client.callTool({ name: 'create_order', arguments: buy(50) })
    expect(JSON.parse(textOf(placed))).toMatchObject({ quantity: 50 })
    expect(await orders()).toBe(1)
  })

  test('without a page it is waited for, and then told that it waits', async () => {
    world.serve({ rules: { waitSeconds: 4 } })
    const client = await connect('ann', legacy)
    const placing = client.callTool({ name: 'create_order', arguments: buy(50) })
    const [placed] = await Promise.all([placing, approveSoon()])
    expect(JSON.parse(textOf(placed))).toMatchObject({ quantity: 50 })
    const waiting = await client.callTool({ name: 'create_order', arguments: buy(60) })
    expect(textOf(waiting)).toBe('The user was asked to approve this action and has not answered. It was not done.')
    expect(waiting).toMatchObject({ isError: true, _meta: { 'behalf/interrupt': { kind: 'approval_pending' } } })
  })
})

describe('tools of an app’s own', () => {
  const serve = (execute: () => unknown, over: object = {}) => {
    const seen: unknown[] = []
    const guarded = guardTools(
      { probe: { inputSchema: Nothing, execute } },
      { guard: world.guard(), policies: { probe: policy(Nothing, {}) }, onError: (error) => seen.push(error), ...over },
    )
    const mcp = createMcpHandler(() =>
      guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
    )
    const gate = mcpResourceServer({ resource: world.resource, authorizationServer: world.profile })
    world.port.serve(nodeHandler(gate, mcp.fetch))
    return seen
  }
  const probe = async () => (await connect('ann')).callTool({ name: 'probe', arguments: {} })

  test('what a body throws reaches the app, and not the client', async () => {
    const secret = 'postgres://admin:secret@db'
    const seen = serve(() => {
      throw new Error(secret, { cause: new Error(secret) })
    })
    const result = await probe()
    expect(textOf(result)).toBe('This tool failed. What it did before it failed is not known.')
    expect(JSON.stringify(result)).not.toContain('secret')
    expect(String(seen[0])).toContain(secret)
  })

  test.each<readonly [string, () => unknown, unknown]>([
    ['a text', () => 'hello', { content: [{ type: 'text', text: 'hello' }] }],
    ['nothing', () => undefined, { content: [] }],
    ['a result of MCP', () => ({ content: [{ type: 'text', text: 'as it is' }] }), { content: [{ text: 'as it is' }] }],
    [
      'a generator, of which the last value counts',
      async function* () {
        yield 'first'
        yield (currentIdentity() as Identity & { subject: string }).subject
      },
      { content: [{ text: 'ann' }] },
    ],
  ])('a body may give %s', async (_name, execute, wanted) => {
    serve(execute)
    expect(await probe()).toMatchObject(wanted as object)
  })

  test('an identity that no verification made is refused', async () => {
    const guarded = guardTools(
      { probe: { inputSchema: Nothing, execute: () => 'ran' } },
      { guard: world.guard(), policies: { probe: policy(Nothing, {}) } },
    )
    const mcp = createMcpHandler(() =>
      guarded.register(new McpServer({ name: 'x', version: '1' }, guarded.serverOptions)),
    )
    const identity = { kind: 'user', issuer: world.profile.issuer, subject: 'ann', claims: {} }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'probe', arguments: {} } }
    const request = new Request(world.resource, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      body: JSON.stringify(body),
    })
    const authInfo = { token: '', clientId: 'x', scopes: [], extra: { identity } }
    expect(await (await mcp.fetch(request.clone(), { authInfo })).text()).toContain('could not be verified')
    // Without a gate there is no user.
    expect(await (await mcp.fetch(request)).text()).toContain('has to sign in')
  })
})
