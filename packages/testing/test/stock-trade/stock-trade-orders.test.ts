import { describe, expect, test } from 'vitest'
import { sharedTarget } from '../shared-target.ts'
import { large, type Order, small, stockTrader } from '../stock-trader.ts'

const world = sharedTarget()
const { tokenFor, approvedFor, get, place, orders } = stockTrader(world)

describe('an order under trade:write', () => {
  test("is placed as approved, at the exchange's own price", async () => {
    const { status, body } = await place(await approvedFor(large), large)
    expect(status).toBe(201)
    expect(body).toMatchObject({ ...large, price: 189.84, total: 9492, status: 'filled', id: expect.any(String) })
    const token = await tokenFor('ann', 'portfolio:read')
    expect((await get('/portfolios/p-ann', token)).body).toMatchObject({
      cash: 90_508,
      holdings: [{ symbol: 'AAPL', quantity: 170 }, { symbol: 'MSFT' }],
    })
    expect((await get('/portfolios/p-ann/orders', token)).body.orders).toEqual([body])
    expect(await orders()).toEqual([body])
  })

  test.each<[string, Partial<Order> & Record<string, unknown>]>([
    ['quantity', { quantity: 500 }],
    ['smaller quantity', { quantity: 49 }],
    ['symbol', { symbol: 'MSFT' }],
    ['side', { side: 'sell' }],
    ['side and symbol', { side: 'sell', symbol: 'MSFT' }],
  ])('of another %s than approved is refused, and the answer names what differs', async (_name, changes) => {
    const { status, body, headers } = await place(await approvedFor(large), { ...large, ...changes })
    expect([status, body.type]).toEqual([401, 'urn:behalf:problem:insufficient_authorization'])
    const differing = Object.keys(large).filter((field) => field in changes)
    const detail = `the token was not approved for this order: its details differ in ${differing.join(', ')}`
    expect(body.detail).toBe(detail)
    expect(headers.get('www-authenticate')).toContain(`error_description="${detail}"`)
    const [, remediation = ''] =
      /authorization_remediation="([\w-]+)"/.exec(headers.get('www-authenticate') ?? '') ?? []
    expect(headers.get('www-authenticate')).toContain('error="insufficient_authorization"')
    expect(JSON.parse(Buffer.from(remediation, 'base64url').toString())).toEqual({
      authorization_details: [{ type: 'stock_order', ...large, ...changes }],
    })
    expect(await orders()).toEqual([])
  })

  test("of another portfolio than approved is refused, even of one's own", async () => {
    expect((await place(await approvedFor(large), { ...large, portfolio: 'p-bob' })).status).toBe(401)
  })

  test('for a portfolio of another user is refused, though approved', async () => {
    const order = { ...large, portfolio: 'p-bob' }
    expect((await place(await approvedFor(order), order)).status).toBe(404)
    expect(await orders('p-bob')).toEqual([])
  })

  test.each<[string, readonly unknown[]]>([
    ['no details', []],
    ['a detail with a field more', [{ type: 'stock_order', ...large, limit: 1 }]],
    ['a detail with a field less', [{ type: 'stock_order', portfolio: 'p-ann', side: 'buy', symbol: 'AAPL' }]],
    ['a quantity as text', [{ type: 'stock_order', ...large, quantity: '50' }]],
    [
      'the same detail twice',
      [
        { type: 'stock_order', ...large },
        { type: 'stock_order', ...large },
      ],
    ],
  ])('with %s is refused', async (_name, details) => {
    expect((await place(await tokenFor('ann', 'trade:write', details), large)).status).toBe(401)
    expect(await orders()).toEqual([])
  })

  test('is found among several approved ones', async () => {
    const token = await approvedFor(large, 'ann', [{ type: 'stock_order', ...large, symbol: 'MSFT', quantity: 20 }])
    expect((await place(token, large)).status).toBe(201)
  })

  test('without details at all is refused', async () => {
    expect((await place(await tokenFor('ann', 'trade:write'), small)).status).toBe(401)
  })
})

describe('an order under trade:small', () => {
  test('may have ten shares, and as many orders as keys', async () => {
    const token = await tokenFor('ann', 'trade:small')
    expect((await place(token, { ...small, quantity: 10 }, 'a')).status).toBe(201)
    expect((await place(token, small, 'b')).status).toBe(201)
    const { status, headers } = await place(token, { ...small, quantity: 11 }, 'c')
    expect(status).toBe(403)
    expect(headers.get('www-authenticate')).toMatch(/scope="trade:write"/)
    expect(await orders()).toHaveLength(2)
  })

  test('has no details: a token with details is for its own order only', async () => {
    const details = [{ type: 'stock_order', ...large }]
    expect((await place(await tokenFor('ann', 'trade:small', details), small)).status).toBe(403)
    expect(await place(await tokenFor('ann', 'trade:small trade:write', details), small)).toMatchObject({
      status: 401,
      body: { type: 'urn:behalf:problem:insufficient_authorization' },
    })
    expect((await place(await tokenFor('ann', 'trade:small trade:write', details), large)).status).toBe(201)
    expect((await place(await tokenFor('ann', 'trade:small trade:write'), small, 'other')).status).toBe(201)
  })

  test('needs a trading scope', async () => {
    expect((await place(await tokenFor('ann', 'portfolio:read'), small)).status).toBe(403)
  })
})

describe('an order', () => {
  test.each<[string, unknown]>([
    ['a price of the caller', { ...small, price: 1 }],
    ['no quantity', { ...small, quantity: undefined }],
    ['part of a share', { ...small, quantity: 0.5 }],
    ['a negative quantity', { ...small, quantity: -5 }],
    ['a quantity as text', { ...small, quantity: '5' }],
    ['another side', { ...small, side: 'short' }],
    ['a symbol in small letters', { ...small, symbol: 'aapl' }],
    ['an array', [small]],
    ['no JSON', '{'],
  ])('with %s is 400', async (_name, order) => {
    expect(await place(await tokenFor('ann', 'trade:small'), order)).toMatchObject({
      status: 400,
      body: { type: 'urn:behalf:problem:invalid_order', status: 400 },
    })
    expect(await orders()).toEqual([])
  })

  test('is JSON', async () => {
    const token = await tokenFor('ann', 'trade:small')
    expect((await place(token, small, 'key', { 'content-type': 'text/plain' })).status).toBe(415)
  })

  test('for an unknown symbol is 404 and leaves its key free', async () => {
    const token = await tokenFor('ann', 'trade:small')
    expect((await place(token, { ...small, symbol: 'NONE' })).status).toBe(404)
    expect((await place(token, small)).status).toBe(201)
  })

  test('beyond funds or shares is 422, answered so again under its key, and its approval stays unused', async () => {
    const dear = { ...large, quantity: 600 }
    const token = await approvedFor(dear)
    const first = await place(token, dear)
    expect(first).toMatchObject({ status: 422, body: { type: 'urn:behalf:problem:insufficient_funds' } })
    expect(first.headers.get('content-type')).toBe('application/problem+json')
    const replay = await place(token, dear)
    expect([replay.status, replay.headers.get('idempotent-replayed')]).toEqual([422, 'true'])
    expect((await place(token, dear, 'other')).status).toBe(422)
    const sale = { ...large, side: 'sell', quantity: 121 }
    const sold = await place(await approvedFor(sale), sale, 'sale')
    expect([sold.status, sold.body.type]).toEqual([422, 'urn:behalf:problem:insufficient_shares'])
    expect(await orders()).toEqual([])
  })

  test('sells', async () => {
    const sale = { portfolio: 'p-ann', side: 'sell', symbol: 'MSFT', quantity: 20 }
    expect((await place(await approvedFor(sale), sale)).body).toMatchObject({ price: 415.2, total: 8304 })
    const { body } = await get('/portfolios/p-ann', await tokenFor('ann', 'portfolio:read'))
    expect(body).toMatchObject({ cash: 108_304, holdings: [{ symbol: 'AAPL' }, { symbol: 'MSFT', quantity: 20 }] })
  })
})
