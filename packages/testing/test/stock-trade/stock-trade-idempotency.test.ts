import { describe, expect, test } from 'vitest'
import { createStockTradeApi } from '../../src/index.ts'
import { sharedTarget } from '../shared-target.ts'
import { large, small, stockTrader } from '../stock-trader.ts'

const world = sharedTarget()
const { tokenFor, approvedFor, place, orders } = stockTrader(world)

describe('the idempotency key', () => {
  test('is required, and well-formed', async () => {
    const token = await tokenFor('ann', 'trade:small')
    expect(await place(token, small, '')).toMatchObject({
      status: 400,
      body: { type: 'urn:behalf:problem:idempotency_key_missing' },
    })
    expect((await place(token, small, 'x'.repeat(256))).status).toBe(400)
    expect(await orders()).toEqual([])
  })

  test('with the same order gives the same answer, and one order', async () => {
    const token = await approvedFor(large)
    const first = await place(token, large)
    const again = await place(token, { quantity: 50, symbol: 'AAPL', side: 'buy', portfolio: 'p-ann' }, '"key-1"')
    expect([again.status, again.body, again.headers.get('idempotent-replayed')]).toEqual([201, first.body, 'true'])
    const anotherApproval = await place(await approvedFor(large), large)
    expect(anotherApproval.body).toEqual(first.body)
    expect(await orders()).toHaveLength(1)
  })

  test('with another order is 422', async () => {
    const token = await tokenFor('ann', 'trade:small')
    await place(token, small)
    expect(await place(token, { ...small, quantity: 6 })).toMatchObject({
      status: 422,
      body: { type: 'urn:behalf:problem:idempotency_key_reused' },
    })
    expect(await orders()).toHaveLength(1)
  })

  test('belongs to one account', async () => {
    expect((await place(await tokenFor('ann', 'trade:small'), small)).status).toBe(201)
    const bobs = { ...small, portfolio: 'p-bob' }
    expect((await place(await tokenFor('bob', 'trade:small'), bobs)).status).toBe(201)
    expect(await orders('p-bob')).toHaveLength(1)
  })

  test('under another key, an approval that was used is 409', async () => {
    const token = await approvedFor(large)
    expect((await place(token, large)).status).toBe(201)
    expect(await place(token, large, 'key-2')).toMatchObject({
      status: 409,
      body: { type: 'urn:behalf:problem:approval_used' },
    })
    expect((await place(await approvedFor(large), large, 'key-3')).status).toBe(201)
    expect(await orders()).toHaveLength(2)
  })

  test('keeps the answer of an order whose answer was lost', async () => {
    const token = await approvedFor(large)
    await world.target.api.controls.fault('place-order', { lostAnswer: true })
    await expect(place(token, large)).rejects.toThrow(TypeError)
    expect((await place(token, large)).status).toBe(201)
    expect(await orders()).toHaveLength(1)
  })

  test('is free again after a reset', async () => {
    const token = await approvedFor(large)
    await place(token, large)
    await world.target.api.controls.reset()
    expect((await place(token, large, 'key-2')).status).toBe(201)
    expect(await orders()).toHaveLength(1)
  })
})

describe('an order that takes time', () => {
  test('is 409 under its own key meanwhile, and its approval is taken under another', async () => {
    const issuer = world.target.authorizationServer.issuer
    const api = createStockTradeApi({
      issuers: [issuer],
      audience: world.target.api.resource,
      accounts: [
        {
          id: 'a',
          holders: [{ issuer, subject: 'ann' }],
          portfolios: [{ id: 'p-ann', cash: 100_000, holdings: {} }],
        },
      ],
      executionMs: 50,
    })
    const authorization = `Bearer ${await approvedFor(large)}`
    const send = (key: string) =>
      api(
        new Request('https://api.example/orders', {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json', 'idempotency-key': key },
          body: JSON.stringify(large),
        }),
      )
    const answers = await Promise.all([send('a'), send('a'), send('b')])
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, 409, 409])
    const winner = answers.find(({ status }) => status === 201)
    // The loser may have been first under its own key: then that key is free again.
    const replay = await send(answers[2]?.status === 201 ? 'b' : 'a')
    expect(await replay.json()).toEqual(await winner?.json())
  })
})
