import { describe, expect, test, vi } from 'vitest'
import { createMockAuthorizationServer, createStockTradeApi } from '../../src/index.ts'
import { basic, call, GRANT, TYPE, tokenRequest } from '../raw.ts'
import { login } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'
import { stockTrader } from '../stock-trader.ts'

// A user of the app's issuer who is called as ann is called upstream.
const world = sharedTarget({ users: [{ subject: 'st-1001' }] })
const { tokenFor, get } = stockTrader(world)

describe('prices', () => {
  test('are public', async () => {
    const { status, body } = await get('/prices/AAPL')
    expect([status, body]).toEqual([200, { symbol: 'AAPL', price: 189.84, currency: 'USD', asOf: expect.any(String) }])
    expect(await get('/prices/NONE')).toMatchObject({
      status: 404,
      body: { type: 'urn:behalf:problem:unknown_symbol' },
    })
    expect((await get('/prices/toString')).status).toBe(404)
  })
})

describe('an access token', () => {
  test('is asked for by a challenge that names scopes, and no error (RFC 6750 §3)', async () => {
    const { status, headers } = await get('/portfolios/p-ann')
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toMatch(
      /^Bearer realm="stock-trade", scope="portfolio:read", DPoP realm="stock-trade", scope="portfolio:read", algs="[^"]+"$/,
    )
  })

  test('of either issuer opens only the account of its subject', async () => {
    const app = await tokenFor('ann', 'portfolio:read')
    expect((await get('/portfolios/p-ann', app)).body).toMatchObject({
      id: 'p-ann',
      currency: 'USD',
      cash: 100_000,
      holdings: [
        { symbol: 'AAPL', quantity: 120, price: 189.84, value: 22_780.8 },
        { symbol: 'MSFT', quantity: 40 },
      ],
    })
    const { tokens } = await login(world.target, { subject: 'bob' })
    const upstream = await tokenRequest(world.target, {
      grant_type: GRANT.vault,
      subject_token: tokens.access_token,
      subject_token_type: TYPE.accessToken,
      requested_token_type: TYPE.federated,
      connection: 'stocktrade',
    })
    expect((await get('/portfolios/p-bob', upstream.body.access_token)).status).toBe(200)
    for (const [path, token] of [
      ['/portfolios/p-bob', app],
      ['/portfolios/p-bob/orders', app],
      ['/portfolios/p-ann', upstream.body.access_token],
      ['/portfolios/none', app],
    ] as const) {
      expect(await get(path, token)).toMatchObject({
        status: 404,
        body: { type: 'urn:behalf:problem:unknown_portfolio' },
      })
    }
  })

  test('without the scope is 403, with the scope that is missing', async () => {
    const { status, headers } = await get('/portfolios/p-ann', await tokenFor('ann', 'trade:small'))
    expect(status).toBe(403)
    expect(headers.get('www-authenticate')).toMatch(/^Bearer .*error="insufficient_scope", .*scope="portfolio:read"$/)
  })

  test('for another API, and a session token, are 401', async () => {
    const { tokens } = await login(world.target, { subject: 'ann' })
    for (const token of [tokens.access_token, tokens.id_token as string]) {
      const { status, headers } = await get('/portfolios/p-ann', token)
      expect([status, headers.get('www-authenticate')]).toEqual([401, expect.stringContaining('error="invalid_token"')])
    }
  })

  test('of a subject without an account is 403', async () => {
    const { body } = await tokenRequest(world.target, {
      grant_type: 'client_credentials',
      audience: world.target.api.resource,
      scope: 'portfolio:read',
    })
    expect(await get('/portfolios/p-ann', body.access_token)).toMatchObject({
      status: 403,
      body: { type: 'urn:behalf:problem:unknown_account' },
    })
  })

  test("of the same subject at another issuer is another user's", async () => {
    const token = await tokenFor('st-1001', 'portfolio:read')
    expect(await get('/portfolios/p-ann', token)).toMatchObject({
      status: 403,
      body: { type: 'urn:behalf:problem:unknown_account' },
    })
  })

  test('is looked for in the header only, and well-formed', async () => {
    const token = await tokenFor('ann', 'portfolio:read')
    expect((await get(`/portfolios/p-ann?access_token=${token}`)).status).toBe(401)
    const headers = { authorization: `Bearer ${token} x` }
    expect((await fetch(`${world.target.api.origin}/portfolios/p-ann`, { headers })).status).toBe(400)
    expect((await get('/portfolios/p-ann', 'no.jwt.here')).status).toBe(401)
  })

  test('past its end is 401', async () => {
    const token = await tokenFor('ann', 'portfolio:read')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 331_000 })
    try {
      expect((await get('/portfolios/p-ann', token)).status).toBe(401)
    } finally {
      vi.useRealTimers()
    }
  })

  test('cannot be checked while the keys are away: 503, and later it can', async () => {
    const issuers = createMockAuthorizationServer({
      issuer: 'https://away.example',
      clients: [{ clientId: 'app', clientSecret: 's' }],
      users: [],
      resources: [{ identifier: 'https://api.example/', scopes: ['portfolio:read'] }],
    })
    const { body } = await call(
      issuers,
      '/oauth/token',
      { grant_type: 'client_credentials', scope: 'portfolio:read' },
      basic('app', 's'),
    )
    let away = true
    const api = createStockTradeApi({
      issuers: ['https://away.example'],
      audience: 'https://api.example/',
      accounts: [
        {
          id: 'a',
          holders: [{ issuer: 'https://away.example', subject: 'app' }],
          portfolios: [{ id: 'p', cash: 1, holdings: {} }],
        },
      ],
      fetch: async (input, init) => {
        if (away) throw new TypeError('fetch failed')
        return (await issuers.handle(new Request(input, init))) as Response
      },
    })
    const ask = () =>
      api(
        new Request('https://api.example/portfolios/p', { headers: { authorization: `Bearer ${body.access_token}` } }),
      )
    expect((await ask()).status).toBe(503)
    away = false
    expect(await (await ask()).json()).toMatchObject({ id: 'p', cash: 1 })
    expect((await api(new Request('https://api.example/nowhere'))).status).toBe(404)
  })
})
