import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { memoryStore, policy } from '../../../src/index.ts'
import { buy, createOrder, ORIGIN, policies, world } from './world.ts'

describe('the four levels', () => {
  test('a public tool needs no user and gets no credential', async () => {
    const { guard, invocation } = await world()
    const outcome = await guard().run(
      policies.get_stock_price,
      invocation({ tool: 'get_stock_price', input: { symbol: 'AAPL' } }),
      async ({ symbol }, call) => ({ symbol, access: Object.keys(call.access), who: call.identity }),
    )
    expect(outcome).toMatchObject({ status: 'done', result: { symbol: 'AAPL', access: [] } })
  })

  test('a tool with a policy knows the verified user, and interrupts without one', async () => {
    const { guard, login, invocation } = await world()
    const run = (identity?: Awaited<ReturnType<typeof login>>) =>
      guard().run(
        policies.whoami,
        invocation({ tool: 'whoami', ...(identity && { identity }) }),
        (_, { identity: who }) => (who?.kind === 'user' ? who.subject : undefined),
      )
    expect(await run(await login('bob'))).toMatchObject({ status: 'done', result: 'bob' })
    expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required', tool: 'whoami' } })
  })

  test('a connection: the vault gives the upstream token, FGA refuses another portfolio', async () => {
    const { guard, login, invocation } = await world()
    const behalf = guard()
    const identity = await login()
    const run = (portfolio: string) =>
      behalf.run(
        policies.get_portfolio,
        invocation({ tool: 'get_portfolio', input: { portfolio }, identity }),
        async (input, { access }) => {
          const response = await access.trade.fetch(`${ORIGIN}/portfolios/${input.portfolio}`)
          return response.json()
        },
      )
    expect(await run('p-ann')).toMatchObject({
      status: 'done',
      result: { holdings: [{ symbol: 'AAPL', quantity: 120 }, { symbol: 'MSFT' }] },
    })
    expect(await run('p-bob')).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect(await run('p-ann:x')).toMatchObject({ status: 'denied', code: 'invalid_input' })
  })

  test('a connection that is not linked interrupts before anything else', async () => {
    const { guard, login, invocation, authorizationServer } = await world()
    const identity = await login()
    await authorizationServer.controls.disconnect('ann', 'stocktrade')
    const outcome = await guard().preflight(
      policies.get_portfolio,
      invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity }),
    )
    expect(outcome).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'connection_required', connection: 'stocktrade', scopes: ['portfolio:read'] },
    })
  })

  test('an order is asked, approved by the person, and placed once', async () => {
    const { guard, login, invocation, authorizationServer, clock, stockTrade } = await world()
    const behalf = guard()
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    const first = await behalf.run(policies.create_order, call, createOrder)
    expect(first).toMatchObject({
      status: 'interrupted',
      interrupt: { v: 1, kind: 'approval_pending', message: 'Buy 50 shares of AAPL', tool: 'create_order' },
    })
    const [asked] = await authorizationServer.controls.pendingRequests()
    expect(asked).toMatchObject({
      bindingMessage: 'Buy 50 shares of AAPL',
      subject: 'ann',
      authorizationDetails: [{ type: 'stock_order', quantity: 50, symbol: 'AAPL', side: 'buy', portfolio: 'p-ann' }],
    })
    await authorizationServer.controls.approve()
    clock.advance(10)
    const second = await behalf.run(policies.create_order, call, createOrder)
    expect(second).toMatchObject({ status: 'done', result: { quantity: 50 } })
    expect(JSON.stringify(second)).toContain('enforcedBy: server')
    const third = await behalf.run(policies.create_order, call, createOrder)
    expect(third).toMatchObject({ status: 'done', result: (second as { result: unknown }).result })
    expect(await stockTrade.controls.orders('p-ann')).toHaveLength(1)
  })

  test(
    verifies('A5', 'a small order needs no question, and still runs once when the framework re-runs it'),
    async () => {
      const { guard, login, invocation, stockTrade, authorizationServer } = await world()
      const behalf = guard()
      const identity = await login()
      const call = invocation({ tool: 'create_order', input: buy(5), identity })
      const first = await behalf.run(policies.create_order, call, createOrder)
      expect(first).toMatchObject({ status: 'done', result: { quantity: 5 } })
      expect(await behalf.run(policies.create_order, call, createOrder)).toMatchObject({ status: 'done' })
      // Two such orders on purpose are two calls, and two orders.
      const other = { ...call, slot: ['thread-1', 'call-2'] as const }
      expect(await behalf.run(policies.create_order, other, createOrder)).toMatchObject({ status: 'done' })
      expect(await stockTrade.controls.orders('p-ann')).toHaveLength(2)
      expect(await authorizationServer.controls.pendingRequests()).toHaveLength(0)
    },
  )

  test('wait: asked and answered inside one call', async () => {
    const { guard, login, invocation, authorizationServer } = await world({ ciba: { interval: 1 } })
    const waiting = policy(z.object({ n: z.number() }), {
      approval: { message: ({ input }) => `Do ${input.n}` },
      wait: { maxSeconds: 10 },
    })
    const identity = await login()
    const running = guard().run(waiting, invocation({ tool: 't', input: { n: 1 }, identity }), () => 'ran')
    await expect.poll(() => authorizationServer.controls.pendingRequests(), { timeout: 5_000 }).toHaveLength(1)
    await authorizationServer.controls.approve()
    expect(await running).toMatchObject({ status: 'done', result: 'ran' })
  })

  test(verifies('A3', 'another process over the same store finds the question, and the answer'), async () => {
    const { guard, login, invocation, authorizationServer, clock } = await world()
    const store = memoryStore({ clock })
    const keys = { seal: [new Uint8Array(32).fill(1)] as const, index: new Uint8Array(32).fill(2) }
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    const first = await guard({ store, keys }).preflight(policies.create_order, call)
    await authorizationServer.controls.approve()
    clock.advance(10)
    const again = guard({ store, keys })
    expect(await again.preflight(policies.create_order, call)).toMatchObject({ status: 'ready' })
    if (first.status !== 'interrupted') throw new Error(first.status)
    expect(await again.approvals.get(first.interrupt.id, { identity })).toMatchObject({ state: 'approved' })
    expect(await again.approvals.get(first.interrupt.id, { identity: await login('bob') })).toBeUndefined()
    expect(await again.run(policies.create_order, call, createOrder)).toMatchObject({ status: 'done' })
    expect(await again.approvals.get(first.interrupt.id, { identity })).toMatchObject({ state: 'used' })
  })
})
