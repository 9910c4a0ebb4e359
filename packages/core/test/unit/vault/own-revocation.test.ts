import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { storedVault } from '../../../src/vault/stored/stored-vault.ts'
import { servers, testClock } from '../runs/harness.ts'
import { REDIRECT, user } from './world.ts'

const HOST = 'https://crm.example'

/**
 * A provider that revokes access tokens only, by its own request or by RFC 7009 at `revocation`.
 *
 * @param together - So many token requests are answered at the same moment.
 */
function open({ together = 1, revocation }: { together?: number; revocation?: string | undefined } = {}) {
  const clock = testClock()
  const told: string[] = []
  const replies = { revocation: () => Response.json({ ok: true }) }
  let answer: object = {}
  let asked = 0
  const all = Promise.withResolvers<void>()
  const vault = storedVault({
    store: memoryStore({ clock }),
    clock,
    fetch: async (input, init) => {
      if (String(input).endsWith('/revoke')) {
        told.push(new Headers(init?.headers).get('authorization') ?? '')
        return replies.revocation()
      }
      if (++asked >= together) all.resolve()
      await all.promise
      return Response.json({ token_type: 'Bearer', scope: 'read', user: 'a-1', expires_in: 3600, ...answer })
    },
    connections: {
      crm: {
        label: 'CRM',
        clientId: 'app',
        clientSecret: 'secret',
        scopes: ['read'],
        endpoints: { authorization: `${HOST}/authorize`, token: `${HOST}/token`, ...(revocation && { revocation }) },
        account: { from: 'answer', id: 'user' },
        refresh: { rotates: false },
        ...(revocation === undefined && {
          revocation: { url: `${HOST}/revoke`, method: 'POST', authorization: 'token' },
        }),
      },
    },
  })
  return {
    clock,
    told,
    replies,
    vault,
    disconnect: () => vault.accounts.disconnect(user(), { connection: 'crm', account: 'a-1' }),
    async link(given: object, identity = user()) {
      const request = { identity, connection: 'crm', browser: 'b' }
      const started = await vault.accounts.connect({ ...request, redirectUri: REDIRECT })
      if (started.status !== 'started') throw new Error(started.detail)
      answer = given
      return vault.accounts.complete({
        ...request,
        parameters: new URLSearchParams({ state: started.state, code: 'c' }),
      })
    },
    async token(given: object) {
      answer = given
      const asked = { identity: user(), connection: 'crm', scopes: ['read'] }
      return (await vault.token(asked, { authorizationServers: servers, now: clock.now() })).status
    },
  }
}

describe('a provider that is told of access tokens alone', () => {
  test.each([
    ['a request of its own', undefined],
    ['RFC 7009', `${HOST}/revoke`],
  ])('has taken nothing where a proxy answers in its place with a page: %s', async (_, revocation) => {
    const { link, disconnect, replies } = open({ revocation })
    await link({ access_token: 'first' })
    const headers = { 'content-type': 'text/html; charset=utf-8' }
    replies.revocation = () => new Response('<html>Sign in to the network</html>', { headers })
    expect(await disconnect()).toEqual({ status: 'disconnected', revoked: false })
  })

  test.each(['', 'OK'])('has taken the token where its framework calls the answer %j a page', async (text) => {
    const { link, disconnect, replies } = open()
    await link({ access_token: 'first' })
    replies.revocation = () => new Response(text, { headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(await disconnect()).toEqual({ status: 'disconnected', revoked: true })
  })

  test('is told of the one before a new link that brought no refresh token', async () => {
    const { link, disconnect, told } = open()
    await link({ access_token: 'first', refresh_token: 'r' })
    await link({ access_token: 'second' })
    expect(await disconnect()).toEqual({ status: 'disconnected', revoked: true })
    expect(told.sort()).toEqual(['Bearer first', 'Bearer second'])
  })

  test('is told of nothing twice, however often one token was linked', async () => {
    const { link, disconnect, told } = open()
    for (let times = 0; times < 25; times++) await link({ access_token: 'first', refresh_token: 'r' })
    expect(await disconnect()).toEqual({ status: 'disconnected', revoked: true })
    expect(told).toEqual(['Bearer first'])
  })
})

test.each([9007199254740993, 1e300, 1.5, -0.5, 1e400, true, null, [1], {}])(
  'an account whose id is %s is refused: another account may have the same one once it is read',
  async (id) => {
    const { link, vault } = open()
    expect(await link({ access_token: 'a', user: id })).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(await vault.accounts.list(user())).toEqual([])
  },
)

test.each(['..', '%2e%2e', '__proto__', 'constructor', '\u202e1-a', ' ', 'é', '\ud800', '9007199254740993'])(
  'an account whose id is %j is one of its own',
  async (id) => {
    const { link, vault } = open()
    await link({ access_token: 'other', user: 'e' })
    expect(await link({ access_token: 'a', user: id })).toMatchObject({ status: 'connected', account: { id } })
    expect((await vault.accounts.list(user())).map((account) => account.id).sort()).toEqual(['e', id].sort())
    expect(await vault.accounts.prefer(user(), { connection: 'crm', account: id })).toBe(true)
    expect(await vault.accounts.disconnect(user(), { connection: 'crm', account: id })).toMatchObject({ revoked: true })
    expect((await vault.accounts.list(user())).map((account) => account.id)).toEqual(['e'])
  },
)

test('two users who are given one token and link at the same moment both get their account', async () => {
  const { link, told } = open({ together: 2 })
  const both = [link({ access_token: 'shared' }), link({ access_token: 'shared' }, user('bob'))]
  expect((await Promise.all(both)).map(({ status }) => status)).toEqual(['connected', 'connected'])
  expect(told).toEqual([])
})
