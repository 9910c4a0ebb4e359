import { generateKeyPair, SignJWT } from 'jose'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { createMockAuthorizationServer, createStockTradeApi } from '../src/index.ts'
import { basic, call, GRANT, headerOf, post, type Raw, read, TYPE, tokenRequest, url } from './raw.ts'
import { login } from './real-client.ts'
import { sharedTarget } from './shared-target.ts'

const world = sharedTarget()

interface Order {
  readonly portfolio: string
  readonly side: string
  readonly symbol: string
  readonly quantity: number
}
const small: Order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 5 }
const large: Order = { ...small, quantity: 50 }

/** A token of the app's issuer for a user, by exchange. */
async function tokenFor(subject: string, scope: string, details?: readonly unknown[]): Promise<string> {
  const { tokens } = await login(world.target, { subject })
  const { body } = await tokenRequest(world.target, {
    grant_type: GRANT.exchange,
    subject_token: tokens.access_token,
    subject_token_type: TYPE.accessToken,
    audience: world.target.api.resource,
    scope,
    ...(details && { authorization_details: JSON.stringify(details) }),
  })
  return body.access_token
}

/** A token that a person approved for an order. */
async function approvedFor(order: Order, subject = 'ann', more: readonly unknown[] = []): Promise<string> {
  const { target } = world
  const { body: ack } = await post(
    url.backchannel(target),
    {
      scope: 'openid trade:write',
      login_hint: subject,
      audience: target.api.resource,
      authorization_details: JSON.stringify([{ type: 'stock_order', ...order }, ...more]),
    },
    headerOf(target.clients.agent),
  )
  await target.authorizationServer.controls.approve(ack.auth_req_id)
  return (await tokenRequest(target, { grant_type: GRANT.ciba, auth_req_id: ack.auth_req_id })).body.access_token
}

async function get(path: string, token?: string): Promise<Raw> {
  return read(
    await fetch(`${world.target.api.origin}${path}`, {
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
    }),
  )
}

async function place(token: string, order: unknown, key: string | undefined = 'key-1', headers = {}): Promise<Raw> {
  return read(
    await fetch(`${world.target.api.origin}/orders`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': 'application/json',
        ...(key !== '' && { 'idempotency-key': key }),
        ...headers,
      },
      body: typeof order === 'string' ? order : JSON.stringify(order),
    }),
  )
}

const orders = (portfolio = 'p-ann') => world.target.api.controls.orders(portfolio)

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
  test('is asked for with a bare challenge (RFC 6750 §3)', async () => {
    const { status, headers } = await get('/portfolios/p-ann')
    expect([status, headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
  })

  test('of either issuer opens the account of its subject, and of nobody else', async () => {
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
    expect(headers.get('www-authenticate')).toMatch(/^Bearer error="insufficient_scope", .*scope="portfolio:read"$/)
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

  test('is looked for in the header only, and well-formed', async () => {
    const token = await tokenFor('ann', 'portfolio:read')
    expect((await get(`/portfolios/p-ann?access_token=${token}`)).status).toBe(401)
    const headers = { authorization: `Bearer ${token} x` }
    expect((await fetch(`${world.target.api.origin}/portfolios/p-ann`, { headers })).status).toBe(400)
    expect((await get('/portfolios/p-ann', 'no.jwt.here')).status).toBe(401)
  })

  test('past its end is 401', async () => {
    const token = await tokenFor('ann', 'portfolio:read')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 301_000 })
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

describe('a forged token', () => {
  let key: Awaited<ReturnType<typeof generateKeyPair>>
  beforeEach(async () => {
    key = await generateKeyPair('RS256')
  })

  /** A token whose every claim is right, signed by whoever, changed as told. */
  async function forge(changes: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: world.target.authorizationServer.issuer,
      sub: 'ann',
      aud: world.target.api.resource,
      exp: now + 60,
      iat: now,
      jti: 'j',
      client_id: 'stock-agent',
      scope: 'portfolio:read',
      ...changes,
    }
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...header }).sign(key.privateKey)
  }

  test('is 401, whoever it says it is from', async () => {
    const { kid } = await world.target.authorizationServer.publicKey()
    const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${(await forge({})).split('.')[1]}.`
    const forged = [
      await forge({}),
      await forge({}, { kid }),
      await forge({ iss: world.target.upstream.issuer }),
      await forge({ iss: 'https://evil.example/' }),
      await forge({ iss: undefined }),
      unsigned,
    ]
    for (const token of forged) expect((await get('/portfolios/p-ann', token)).status).toBe(401)
  })

  test('signed with the right key still needs the right claims', async () => {
    const issuer = 'https://signs.example'
    const jwk = await (await import('jose')).exportJWK(key.publicKey)
    const metadata = { issuer, jwks_uri: `${issuer}/jwks` }
    const answers: Record<string, unknown> = { '/.well-known/openid-configuration': metadata, '/jwks': { keys: [jwk] } }
    const api = createStockTradeApi({
      issuers: [issuer],
      audience: world.target.api.resource,
      accounts: [
        {
          id: 'a',
          holders: [{ issuer, subject: 'ann' }],
          portfolios: [{ id: 'p-ann', cash: 1, holdings: {} }],
        },
      ],
      fetch: async (input) => Response.json(answers[new URL(input.toString()).pathname]),
    })
    const status = async (changes: Record<string, unknown>, header = {}) => {
      const authorization = `Bearer ${await forge({ iss: issuer, ...changes }, header)}`
      return (await api(new Request('https://api.example/portfolios/p-ann', { headers: { authorization } }))).status
    }
    expect(await status({})).toBe(200)
    expect(await status({}, { typ: 'application/at+jwt' })).toBe(200)
    expect(await status({ aud: ['https://other.example/', world.target.api.resource] })).toBe(200)
    expect(await status({}, { typ: 'JWT' })).toBe(401)
    expect(await status({}, { typ: undefined })).toBe(401)
    expect(await status({ aud: 'https://other.example/' })).toBe(401)
    expect(await status({ aud: undefined })).toBe(401)
    expect(await status({ exp: 1_700_000_000 })).toBe(401)
    expect(await status({ nbf: 4_000_000_000 })).toBe(401)
    for (const claim of ['exp', 'sub', 'jti', 'iat', 'client_id'])
      expect(await status({ [claim]: undefined }), claim).toBe(401)
    expect(await status({ scope: undefined })).toBe(403)
    expect(await status({ scope: ['portfolio:read'] })).toBe(403)
    metadata.issuer = 'https://other.example'
    const mixed = createStockTradeApi({
      issuers: [issuer],
      audience: 'x',
      accounts: [],
      fetch: async (input) => Response.json(answers[new URL(input.toString()).pathname]),
    })
    const authorization = `Bearer ${await forge({ iss: issuer })}`
    expect((await mixed(new Request('https://api.example/portfolios/p', { headers: { authorization } }))).status).toBe(
      503,
    )
  })
})

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
  ])('of another %s than approved is refused', async (_name, changes) => {
    const { status, body, headers } = await place(await approvedFor(large), { ...large, ...changes })
    expect([status, body.type]).toEqual([403, 'urn:behalf:problem:insufficient_authorization_details'])
    expect(headers.get('www-authenticate')).toContain('error="insufficient_authorization_details"')
    expect(await orders()).toEqual([])
  })

  test("of another portfolio than approved is refused, even of one's own", async () => {
    expect((await place(await approvedFor(large), { ...large, portfolio: 'p-bob' })).status).toBe(403)
  })

  test('for a portfolio of somebody else is refused, though approved', async () => {
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
    expect((await place(await tokenFor('ann', 'trade:write', details), large)).status).toBe(403)
    expect(await orders()).toEqual([])
  })

  test('is found among several approved ones', async () => {
    const token = await approvedFor(large, 'ann', [{ type: 'stock_order', ...large, symbol: 'MSFT', quantity: 20 }])
    expect((await place(token, large)).status).toBe(201)
  })

  test('without details at all is refused', async () => {
    expect((await place(await tokenFor('ann', 'trade:write'), small)).status).toBe(403)
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
    expect((await place(await tokenFor('ann', 'trade:small trade:write', details), small)).status).toBe(403)
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
