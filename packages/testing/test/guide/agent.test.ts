import { createGuard, defineTool, memoryStore, resource } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { mockTarget, profileOf, signIn } from '@behalf/testing'
import { afterAll, beforeEach, expect, test } from 'vitest'
import * as z from 'zod'

const API = 'https://api.stocktrade.example/'
const createOrder = defineTool({
  name: 'create_order',
  description: 'Buys shares.',
  input: z.strictObject({
    portfolio: z.string(),
    side: z.enum(['buy', 'sell']),
    symbol: z.string(),
    quantity: z.int(),
  }),
  version: '1',
  approval: {
    message: ({ input }) => `Buy ${input.quantity} shares of ${input.symbol}`,
    details: ({ input }) => [{ ...input, type: 'stock_order' }],
  },
  access: { trade: resource(API, { scopes: ['trade:write'] }) },
  writesOnlyBy: 'access',
  async run(order, { access, idempotencyKey }) {
    const response = await access.trade.fetch(`${API}orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
      body: JSON.stringify(order),
    })
    if (!response.ok) throw new Error(`orders: ${response.status}`)
    return response.json()
  },
})

// Only the test advances this clock.
let ahead = 0
const clock = { now: () => Date.now() + ahead * 1_000 }
const target = await mockTarget({ clock })
const { controls } = target.authorizationServer
const open = () =>
  createGuard({
    authorizationServer: profileOf(target, target.clients.agent), // your provider's in the app
    agent: { name: 'agent:trader', ceiling: ['trade:write'] },
    approvals: ciba(),
    store: memoryStore({ clock }),
    clock,
  })
let guard = open()
beforeEach(() => {
  target.reset()
  guard = open()
})
afterAll(() => target.close())

/** Calls the tool as your agent does for a signed-in user. */
async function buy(user: string, portfolio = `p-${user}`) {
  const identity = await signIn(target, { user, clock })
  const input = { portfolio, side: 'buy', symbol: 'AAPL', quantity: 50 } as const
  return guard.run(createOrder, { slot: ['thread-1', 'call-1'], input, identity })
}

test('places an approved order once', async () => {
  expect(await buy('ann')).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  const [asked] = await controls.pendingRequests('ann')
  expect(asked?.bindingMessage).toBe('Buy 50 shares of AAPL')
  await controls.approve()
  ahead += 10 // past the interval of polls
  expect(await buy('ann')).toMatchObject({ status: 'done', result: { quantity: 50 } })
  expect(await buy('ann')).toMatchObject({ status: 'done' }) // the stored result
  expect(await target.api.controls.orders('p-ann')).toHaveLength(1)
})

test('places nothing after a no', async () => {
  await buy('ann')
  await controls.deny()
  ahead += 10
  expect(await buy('ann')).toMatchObject({ status: 'denied', code: 'approval_denied' })
  expect(await target.api.controls.orders('p-ann')).toHaveLength(0)
})

test('places nothing when the question has expired', async () => {
  await buy('ann')
  ahead += 3_600 + 1
  expect(await buy('ann')).toMatchObject({ status: 'denied', code: 'approval_expired' })
})

test('never uses an answer of another user', async () => {
  await buy('ann')
  await controls.approve()
  ahead += 10
  expect(await buy('bob')).toMatchObject({ status: 'interrupted' }) // the same thread and call id, and a question of his own
})

test('reports an outage as an outage', async () => {
  await controls.fault('bc-authorize', { status: 503 })
  expect(await buy('ann')).toMatchObject({ status: 'unavailable' })
  expect(await buy('ann')).toMatchObject({ status: 'interrupted' })
})

test('asks for a login when there is no identity', async () => {
  const input = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 50 }
  const outcome = await guard.preflight(createOrder, { slot: 'call-2', input })
  expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
})
