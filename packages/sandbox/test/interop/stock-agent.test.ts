import {
  type AuditEvent,
  type Credential,
  createGuard,
  currentCall,
  type Guard,
  may,
  memoryStore,
  type Outcome,
  object,
  policy,
  resource,
  type UserIdentity,
} from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { cibaPing } from '@behalf/core/http'
import { roleMap } from '@behalf/core/roles'
import { auth0TokenVault, connection } from '@behalf/core/vault'
import { type ProtocolTarget, profileOf, signIn, type TargetClient } from '@behalf/testing'
import { describe, test } from 'vitest'
import * as z from 'zod'
import { sandboxTarget } from '../../src/index.ts'

const Order = z.strictObject({
  portfolio: z.string(),
  side: z.enum(['buy', 'sell']),
  symbol: z.string(),
  quantity: z.int().positive(),
})
type Order = z.infer<typeof Order>

const buy = (quantity: number): Order => ({ portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity })

/** The policies of the stock agent, where the servers of a target are. */
function policiesFor({ api, connection: name }: ProtocolTarget) {
  const Portfolio = z.strictObject({ portfolio: z.string() })
  const permission = ({ input }: { readonly input: { readonly portfolio: string } }) =>
    may('can_view', object('portfolio', input.portfolio))
  return {
    get_portfolio: policy(Portfolio, {
      permission,
      access: { trade: connection(name, { scopes: ['portfolio:read'], origins: [api.origin] }) },
    }),
    read_portfolio: policy(Portfolio, {
      permission,
      access: { trade: resource(api.resource, { scopes: ['portfolio:read'] }) },
    }),
    create_order: policy(Order, {
      permission: ({ input: { portfolio, symbol, side, quantity } }) =>
        may('can_trade', object('portfolio', portfolio), { context: { symbol, side, amount: quantity } }),
      approval: {
        when: ({ input }) => input.quantity > 10,
        message: ({ input }) => `${input.side === 'buy' ? 'Buy' : 'Sell'} ${input.quantity} shares of ${input.symbol}`,
        details: ({ input }) => [{ ...input, type: 'stock_order' }],
      },
      access: { trade: resource(api.resource, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
    }),
  }
}

interface Agent {
  readonly target: ProtocolTarget
  readonly identity: UserIdentity
  readonly guard: Guard
  readonly audit: readonly AuditEvent[]
  readByVault(portfolio?: string): Promise<Outcome<number>>
  readByExchange(portfolio?: string): Promise<Outcome<number>>
  order(order: Order, slot?: string): Promise<Outcome<{ readonly id: string }>>
  orders(): Promise<number>
}

/** A guard over a fresh set of servers, with ann signed in. Nothing is mocked: every request goes over HTTP. */
async function agent(end: (close: () => Promise<void>) => void, ping = false): Promise<Agent> {
  const target = await sandboxTarget()
  end(() => target.close())
  const client: TargetClient = ping ? target.clients.agentWithPing : target.clients.agent
  const profile = profileOf(target, client)
  const policies = policiesFor(target)
  const { apiUrl, storeId, authorizationModelId, apiToken } = target.openFga
  const audit: AuditEvent[] = []
  const store = memoryStore()
  if (ping) target.notifications.forwardTo(cibaPing({ store }))
  const guard = createGuard({
    authorizationServer: profile,
    agent: { name: target.agentName, ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
    permissions: openFga({
      apiUrl,
      storeId,
      authorizationModelId,
      credentials: { method: 'apiToken', token: apiToken },
      relations: { user: (name) => `user_${name}`, agent: (name) => `agent_${name}`, delegation: 'acts_for' },
    }),
    roles: roleMap({ claim: 'roles', scopes: { trader: ['portfolio:read', 'trade:write', 'trade:small'] } }),
    vault: auth0TokenVault(),
    approvals: ciba({ ping }),
    store,
    audit: { write: (event) => void audit.push(event) },
  })
  const identity = await signIn(target, { user: 'ann', client, profile })
  const { api } = target
  const readingOf = (tool: string, portfolio: string) =>
    ({ tool, slot: ['t', tool], input: { portfolio }, identity }) as const
  const read = async (trade: Credential, portfolio: string) =>
    (await trade.fetch(`${api.origin}/portfolios/${portfolio}`)).status
  return {
    target,
    identity,
    guard,
    audit,
    readByVault: (portfolio = 'p-ann') =>
      guard.run(policies.get_portfolio, readingOf('get_portfolio', portfolio), (input, { access }) =>
        read(access.trade, input.portfolio),
      ),
    readByExchange: (portfolio = 'p-ann') =>
      guard.run(policies.read_portfolio, readingOf('read_portfolio', portfolio), (input, { access }) =>
        read(access.trade, input.portfolio),
      ),
    order: (input, slot = 'order-1') =>
      guard.run(policies.create_order, { tool: 'create_order', slot: ['t', slot], input, identity }, async (order) => {
        const { access, idempotencyKey } = currentCall(policies.create_order)
        const response = await access.trade.fetch(`${api.origin}/orders`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
          body: JSON.stringify(order),
        })
        if (!response.ok) throw new TypeError(`the API answered ${response.status} ${await response.text()}`)
        return (await response.json()) as { readonly id: string }
      }),
    orders: async () => (await api.controls.orders('p-ann')).length,
  }
}

/** Ends a test that hangs; what is waited for is a state. */
const soon = { timeout: 30_000, interval: 200 }

describe('the stock agent over HTTP, against oidc-provider', { concurrent: true, timeout: 90_000 }, () => {
  test("level 3: a token exchanged for the user's reads the API", async ({ expect, onTestFinished }) => {
    const { readByExchange, target, audit } = await agent(onTestFinished)
    expect(await readByExchange()).toMatchObject({ status: 'done', result: 200 })
    const exchanges = (await target.authorizationServer.controls.requests()).filter(
      ({ parameters }) => parameters.grant_type === 'urn:ietf:params:oauth:grant-type:token-exchange',
    )
    expect(exchanges).toHaveLength(1)
    expect(JSON.stringify(audit)).toContain('read_portfolio')
  })

  test("level 3: the vault's token reads the linked account", async ({ expect, onTestFinished }) => {
    const { readByVault, target } = await agent(onTestFinished)
    const { controls } = target.authorizationServer
    await controls.disconnect('ann', target.connection)
    const interrupt = { kind: 'connection_required', connection: target.connection }
    expect(await readByVault()).toMatchObject({ status: 'interrupted', interrupt })
    const { upstreamSubject } = target.users.ann
    await controls.connect('ann', target.connection, { upstreamSubject, scopes: ['portfolio:read'] })
    expect(await readByVault()).toMatchObject({ status: 'done', result: 200 })
  })

  test("another's portfolio is denied before any token is fetched", async ({ expect, onTestFinished }) => {
    const { readByExchange, target } = await agent(onTestFinished)
    const before = (await target.authorizationServer.controls.requests()).length
    expect(await readByExchange('p-bob')).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect((await target.authorizationServer.controls.requests()).length).toBe(before)
  })

  test('a small order needs no approval', async ({ expect, onTestFinished }) => {
    const { order, orders } = await agent(onTestFinished)
    expect(await order(buy(5))).toMatchObject({ status: 'done' })
    expect(await orders()).toBe(1)
  })

  test('level 4: the person says yes, and the order is placed once', async ({ expect, onTestFinished }) => {
    const { order, orders, target } = await agent(onTestFinished)
    const { controls } = target.authorizationServer
    expect(await order(buy(50))).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect(await controls.pendingRequests('ann')).toMatchObject([{ bindingMessage: 'Buy 50 shares of AAPL' }])
    await controls.approve()
    await expect.poll(async () => (await order(buy(50))).status, soon).toBe('done')
    const placed = await order(buy(50))
    expect(placed).toMatchObject({ status: 'done', result: { id: expect.any(String) } })
    // The same call again has the same result; another call is another question.
    expect(await order(buy(50))).toMatchObject({ status: 'done', result: placed.status === 'done' && placed.result })
    expect(await controls.pendingRequests()).toEqual([])
    expect(await order(buy(50), 'order-2')).toMatchObject({ status: 'interrupted' })
    expect(await orders()).toBe(1)
  })

  test('level 4: other arguments are another question', async ({ expect, onTestFinished }) => {
    // With a ping: the answer to the first question is due at once.
    const { order, orders, target } = await agent(onTestFinished, true)
    const { controls } = target.authorizationServer
    await order(buy(50))
    await controls.approve()
    expect(await target.notifications.received()).toHaveLength(1)
    expect(await order(buy(500))).toMatchObject({ status: 'interrupted' })
    expect(await controls.pendingRequests('ann')).toMatchObject([{ bindingMessage: 'Buy 500 shares of AAPL' }])
    expect(await orders()).toBe(0)
  })

  test('level 4: a no is a no', async ({ expect, onTestFinished }) => {
    const { order, orders, target } = await agent(onTestFinished)
    await order(buy(50))
    await target.authorizationServer.controls.deny()
    await expect.poll(() => order(buy(50)), soon).toMatchObject({ status: 'denied', code: 'approval_denied' })
    expect(await orders()).toBe(0)
  })

  test('level 4: a ping makes the answer due at once', async ({ expect, onTestFinished }) => {
    const { order, orders, target } = await agent(onTestFinished, true)
    expect(await order(buy(50))).toMatchObject({ status: 'interrupted' })
    await target.authorizationServer.controls.approve()
    expect(await target.notifications.received()).toHaveLength(1)
    expect(await order(buy(50))).toMatchObject({ status: 'done' })
    expect(await orders()).toBe(1)
  })

  test('level 4: an outage while the answer is fetched loses nothing', async ({ expect, onTestFinished }) => {
    // With a ping: the first poll, which the outage meets, is due at once.
    const { order, orders, target } = await agent(onTestFinished, true)
    const { controls } = target.authorizationServer
    await order(buy(50))
    await controls.approve()
    expect(await target.notifications.received()).toHaveLength(1)
    await controls.fault('token', { status: 503 })
    expect((await order(buy(50))).status).not.toBe('done')
    expect(await orders()).toBe(0)
    await expect.poll(async () => (await order(buy(50))).status, soon).toBe('done')
    expect(await orders()).toBe(1)
  })
})
