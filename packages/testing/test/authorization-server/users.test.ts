import { decodeJwt } from 'jose'
import { describe, expect, test } from 'vitest'
import {
  createMockAuthorizationServer,
  createMockOpenFga,
  createStockTradeApi,
  mockTarget,
  TestingError,
} from '../../src/index.ts'
import { GRANT, headerOf, post, TYPE, tokenRequest, url } from '../raw.ts'
import { login } from '../real-client.ts'
import { sharedTarget } from '../shared-target.ts'
import { stockTrader } from '../stock-trader.ts'

const world = sharedTarget({ users: [{ subject: 'auth0|eve', permissions: [] }] })
const { get } = stockTrader(world)

/** Everything one user can get, through one client, at the same time as others. */
async function everything(subject: string, accessToken: string): Promise<readonly string[]> {
  const { target } = world
  const { controls } = target.authorizationServer
  const own = { subject_token: accessToken, subject_token_type: TYPE.accessToken }
  const [exchanged, vault, ack] = await Promise.all([
    tokenRequest(target, {
      ...own,
      grant_type: GRANT.exchange,
      audience: target.api.resource,
      scope: 'portfolio:read',
    }),
    tokenRequest(target, {
      ...own,
      grant_type: GRANT.vault,
      requested_token_type: TYPE.federated,
      connection: target.connection,
    }),
    post(url.backchannel(target), { scope: 'openid', login_hint: subject }, headerOf(target.clients.agent)),
  ])
  await controls.approve(ack.body.auth_req_id)
  const approved = await tokenRequest(target, { grant_type: GRANT.ciba, auth_req_id: ack.body.auth_req_id })
  return [exchanged.body.access_token, vault.body.access_token, approved.body.access_token, approved.body.id_token]
}

describe('users', () => {
  test('never mix, in one client, at the same time', async () => {
    const { ann, bob } = world.target.users
    const users = [ann, bob, ann, bob, ann, bob]
    const sessions: string[] = []
    for (const { subject } of users) sessions.push((await login(world.target, { subject })).tokens.access_token)
    const all = await Promise.all(users.map(({ subject }, index) => everything(subject, sessions[index] as string)))
    for (const [index, tokens] of all.entries()) {
      const { subject, upstreamSubject, portfolio } = users[index] as typeof ann
      expect(tokens.map((token) => decodeJwt(token).sub)).toEqual([subject, upstreamSubject, subject, subject])
      const other = portfolio === 'p-ann' ? 'p-bob' : 'p-ann'
      for (const token of tokens.slice(0, 2)) {
        expect((await get(`/portfolios/${portfolio}`, token)).status).toBe(200)
        expect((await get(`/portfolios/${other}`, token)).status).toBe(404)
      }
    }
    expect(new Set(all.flat()).size).toBe(users.length * 4)
  })

  test('change for the tokens to come, not for those that are out', async () => {
    const { controls } = world.target.authorizationServer
    const before = await login(world.target, { subject: 'ann' })
    await controls.changeUser('ann', {
      roles: ['viewer'],
      claims: { 'https://behalf.example/desk': 'fx' },
      name: 'Ann A.',
    })
    const after = await login(world.target, { subject: 'ann' })
    expect(decodeJwt(before.tokens.access_token)).toMatchObject({ roles: ['trader'] })
    const now = { roles: ['viewer'], 'https://behalf.example/desk': 'fx' }
    expect(decodeJwt(after.tokens.access_token)).toMatchObject(now)
    expect(after.tokens.claims()).toMatchObject({ ...now, name: 'Ann A.' })
    const bob = await login(world.target, { subject: 'bob' })
    expect(decodeJwt(bob.tokens.access_token)).toMatchObject({ roles: ['trader'] })
  })

  test('cannot overwrite what the server itself says', async () => {
    const claims = { sub: 'bob', iss: 'https://evil.example/', aud: 'x', scope: 'trade:write', act: { sub: 'x' } }
    await world.target.authorizationServer.controls.changeUser('ann', { claims })
    const { tokens } = await login(world.target, { subject: 'ann', scope: 'openid chat' })
    const { act, ...rest } = decodeJwt(tokens.access_token)
    expect(rest).toMatchObject({
      sub: 'ann',
      iss: world.target.authorizationServer.issuer,
      aud: world.target.agentResource,
      scope: 'openid chat',
    })
    expect(act).toBeUndefined()
  })

  test('with permissions get those scopes only', async () => {
    const { tokens } = await login(world.target, { subject: 'auth0|eve', scope: 'openid chat' })
    expect(tokens.scope).toBe('openid')
  })

  test("that do not exist are the test's mistake, and the message names those that do", async () => {
    const { controls } = world.target.authorizationServer
    await expect(controls.signInAs('unknown')).rejects.toThrow('there are ann, bob, auth0|eve')
    await expect(controls.changeUser('unknown', {})).rejects.toThrow(TestingError)
    await expect(controls.changeUser('ann', { role: ['x'] } as object)).rejects.toThrow('unknown role')
  })

  test('with a permission that is a scope of no API are refused, and stay as they were', async () => {
    const { controls } = world.target.authorizationServer
    await expect(controls.changeUser('ann', { name: 'Ann A.', permissions: ['chat', 'trade:smal'] })).rejects.toThrow(
      'changeUser: permissions: trade:smal is a scope of no API of this server; its APIs have chat, portfolio:read, trade:write, trade:small, reports:read',
    )
    const { tokens } = await login(world.target, { subject: 'ann', scope: 'openid profile chat' })
    expect(tokens.claims()).toMatchObject({ name: 'Ann Archer' })
    await controls.changeUser('ann', { permissions: ['openid', 'chat', 'trade:small'] })
  })
})

describe('options', () => {
  const good = { issuer: 'https://a.example', clients: [], users: [] }

  test.each<[string, () => unknown]>([
    ['createMockAuthorizationServer', () => createMockAuthorizationServer({ ...good, isuer: 'x' } as typeof good)],
    ['a client', () => createMockAuthorizationServer({ ...good, clients: [{ clientId: 'a', secret: 'x' } as never] })],
    ['a user', () => createMockAuthorizationServer({ ...good, users: [{ subject: 'a', role: 'x' } as never] })],
    ['ciba', () => createMockAuthorizationServer({ ...good, ciba: { intervalSeconds: 1 } as never })],
    ['defaultResource', () => createMockAuthorizationServer({ ...good, defaultResource: 'https://none.example/' })],
    ['issuer', () => createMockAuthorizationServer({ ...good, issuer: 'tenant' })],
    ['createMockOpenFga', () => createMockOpenFga({ token: 'x' } as never)],
    ['createStockTradeApi', () => createStockTradeApi({ issuers: [], audience: '', accounts: [], clocks: 1 } as never)],
    [
      'accounts',
      () => {
        const portfolios = [{ id: 'p', cash: 0, holdings: {} }]
        const accounts = ['a', 'b'].map((id) => ({ id, holders: [], portfolios }))
        return createStockTradeApi({ issuers: [], audience: '', accounts })
      },
    ],
  ])('of %s that are unknown, or that point nowhere, are refused', (_name, make) => {
    expect(make).toThrow(TestingError)
  })

  test('of mockTarget too', async () => {
    await expect(mockTarget({ interval: 1 } as never)).rejects.toThrow(TestingError)
  })
})

describe('a target', () => {
  test('answers on time given by an injected clock', async () => {
    await world.target.close()
    let now = Date.parse('2030-01-01T00:00:00Z')
    const target = await mockTarget({ clock: { now: () => now } })
    try {
      const ask = () => tokenRequest(target, { grant_type: 'client_credentials', scope: 'chat' })
      expect(decodeJwt((await ask()).body.access_token)).toMatchObject({ iat: now / 1000, exp: now / 1000 + 3600 })
      const request = { scope: 'openid', login_hint: 'ann', requested_expiry: '10' }
      const ack = await post(url.backchannel(target), request, headerOf(target.clients.agent))
      now += 11_000
      const poll = { grant_type: GRANT.ciba, auth_req_id: ack.body.auth_req_id }
      expect((await tokenRequest(target, poll)).body.error).toBe('expired_token')
    } finally {
      await target.close()
    }
  })

  test('lets nothing out: an unknown host is an error', async () => {
    const target = await mockTarget()
    const quiet = console.error
    console.error = () => {}
    try {
      await expect(fetch('https://unmocked.example/')).rejects.toThrow('Cannot bypass a request')
    } finally {
      console.error = quiet
      await target.close()
    }
  })
})
