import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/index.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { REDIRECT, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4802', () => clock.now())
const msw = useMsw(...crm.handlers)
beforeEach(() => crm.reset())
const open = (options: Parameters<typeof world>[1] = {}) => world(crm, { clock, ...options })
const redeemed = () => crm.forms.filter((form) => form.get('grant_type') === 'authorization_code')

describe('a connect flow', () => {
  test('asks with PKCE, state and nonce, all of them fresh', async () => {
    const { start } = open()
    const [one, two] = [await start(), await start()]
    const query = Object.fromEntries(new URL(one.url).searchParams)
    expect(query).toEqual({
      client_id: 'behalf-app',
      response_type: 'code',
      redirect_uri: REDIRECT,
      scope: 'openid offline_access contacts.read contacts.write',
      state: one.state,
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    const other = Object.fromEntries(new URL(two.url).searchParams)
    for (const name of ['state', 'nonce', 'code_challenge']) expect(other[name]).not.toBe(query[name])
    expect(one.url).toMatch(/^http:\/\/localhost:4802\/authorize\?/)
  })

  test('sends the verifier and the exact redirect URI with the code', async () => {
    const { link } = open()
    await link()
    expect(Object.fromEntries(redeemed()[0] ?? [])).toEqual({
      grant_type: 'authorization_code',
      code: expect.any(String),
      redirect_uri: REDIRECT,
      code_verifier: expect.stringMatching(/^[\w-]{43}$/),
    })
  })

  test('links an account while a memory store has no room for records that belong to no user', async () => {
    const store = memoryStore({ clock, maxEntries: 20 })
    const { start, finish } = open({ store })
    const put = (key: string) => store.put(key, new Uint8Array(1), { ifVersion: null })
    for (let key = 0; key < 10; key++) await put(`of a stranger ${key}`)
    await expect(put('one more')).rejects.toMatchObject({ reason: 'unavailable' })
    expect(await finish(crm.codeFor((await start()).url))).toMatchObject({ status: 'connected' })
  })

  test('can be ended once', async () => {
    const { start, finish } = open()
    const back = crm.codeFor((await start()).url)
    const [one, two] = await Promise.all([finish(back), finish(back)])
    expect([one.status, two.status].sort()).toEqual(['connected', 'refused'])
    expect(await finish(back)).toMatchObject({ status: 'refused', reason: 'unknown_state' })
    expect(redeemed()).toHaveLength(1)
  })

  test.each([
    ['another user', 'other_user', user('bob'), 'browser-1', 'crm'],
    [
      'the same subject of another issuer',
      'other_user',
      user('ann', { issuer: 'https://o.example' }),
      'browser-1',
      'crm',
    ],
    ['another session of the same user', 'other_session', user('ann', { sessionId: 's-2' }), 'browser-1', 'crm'],
    ['another browser', 'other_browser', user(), 'browser-2', 'crm'],
    ['another redirect URI', 'other_issuer', user(), 'browser-1', 'calendar'],
  ])('ended by %s is refused, and its owner can still end it', async (_, reason, identity, browser, connection) => {
    const { start, finish } = open()
    const back = crm.codeFor((await start()).url)
    expect(await finish(back, identity, browser, connection)).toMatchObject({ status: 'refused', reason })
    expect(redeemed()).toHaveLength(0)
    expect(await finish(back)).toMatchObject({ status: 'connected' })
  })

  test('takes at most ten minutes', async () => {
    const { start, finish } = open()
    const back = crm.codeFor((await start()).url)
    clock.advance(601)
    expect(await finish(back)).toMatchObject({ status: 'refused', reason: 'unknown_state' })
  })

  test.each([
    ['of another server', { iss: 'https://evil.example' }],
    ['without an issuer, where the server names itself', { iss: undefined }],
    ['of the issuer with a slash more', { iss: 'http://localhost:4802/' }],
  ])('an answer %s is refused before its code is sent anywhere (RFC 9207)', async (_, change) => {
    const { start, finish } = open()
    const back = crm.codeFor((await start()).url, change)
    expect(await finish(back)).toMatchObject({ status: 'refused', reason: 'other_issuer' })
    expect(redeemed()).toHaveLength(0)
  })

  test('an error of another server is not told', async () => {
    const { start, finish } = open()
    const back = crm.codeFor((await start()).url, { iss: 'https://evil.example', code: undefined, error: 'evil_words' })
    const answer = await finish(back)
    expect(answer).toMatchObject({ status: 'refused', reason: 'other_issuer' })
    expect(JSON.stringify(answer)).not.toContain('evil_words')
  })

  test.each([
    [{ code: undefined, error: 'access_denied' }, 'declined'],
    [{ code: undefined, error: 'server_error' }, 'provider'],
    [{ code: undefined }, 'provider'],
    [{ code: 'wrong' }, 'provider'],
  ])('%j: %s', async (change, reason) => {
    const { start, finish, tokenOf } = open()
    expect(await finish(crm.codeFor((await start()).url, change))).toMatchObject({ status: 'refused', reason })
    expect(await tokenOf()).toBe('not_connected')
  })

  test('a parameter that comes twice is refused', async () => {
    const { start, finish } = open()
    for (const name of ['state', 'code', 'iss']) {
      const back = crm.codeFor((await start()).url)
      back.append(name, back.get(name) ?? '')
      expect(await finish(back)).toMatchObject({ status: 'refused' })
    }
    expect(redeemed()).toHaveLength(0)
  })

  test('an id_token of another login is refused', async () => {
    const { start, finish } = open()
    const back = crm.codeFor((await start()).url)
    const url = new URL((await start()).url)
    url.searchParams.set('nonce', 'of-another-login')
    const { state } = Object.fromEntries(url.searchParams)
    const swapped = crm.codeFor(url.href)
    expect(await finish(swapped)).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(state).toBeDefined()
    expect(await finish(back)).toMatchObject({ status: 'connected' })
  })

  test('a code that was asked for with another challenge is refused by the provider', async () => {
    const { start, finish } = open()
    const mine = await start()
    const theirs = await start(user('mallory'), undefined, 'browser-m')
    // Mallory's code under ann's state: PKCE ties the code to the flow.
    const injected = crm.codeFor(theirs.url, { state: mine.state })
    expect(await finish(injected)).toMatchObject({ status: 'refused', reason: 'provider' })
  })

  test('an outage is told as one', async () => {
    const { start, finish } = open()
    const back = crm.codeFor((await start()).url)
    crm.before = () => HttpResponse.json({}, { status: 503 }) as never
    expect(await finish(back)).toMatchObject({ status: 'unavailable' })
  })

  test('unknown connections and scopes are refused before any request', async () => {
    const { vault } = open()
    const request = { identity: user(), redirectUri: REDIRECT, browser: 'b' }
    expect(await vault.accounts.connect({ ...request, connection: 'x' })).toMatchObject({
      status: 'unknown_connection',
    })
    expect(await vault.accounts.connect({ ...request, connection: 'crm', scopes: ['admin'] })).toMatchObject({
      status: 'unknown_scope',
    })
  })

  test('more scopes for an account are asked for together with those that it has', async () => {
    const { vault, link } = open()
    const { id } = await link(user(), ['contacts.write'])
    const asked = {
      identity: user(),
      connection: 'crm',
      scopes: ['contacts.read'],
      redirectUri: REDIRECT,
      browser: 'b',
    }
    const scopeOf = async (account?: string) => {
      const started = await vault.accounts.connect({ ...asked, ...(account !== undefined && { account }) })
      return started.status === 'started' && new URL(started.url).searchParams.get('scope')
    }
    expect(await scopeOf(id)).toBe('openid offline_access contacts.read contacts.write')
    // Another account is not asked for what this one has.
    for (const account of [undefined, 'a-9']) expect(await scopeOf(account)).toBe('openid offline_access contacts.read')
  })

  test('an authorization endpoint that is no https URL is not opened', async () => {
    for (const endpoint of ['javascript:alert(1)', 'data:text/html,x', 'ftp://x.example/', 'nonsense']) {
      const evil = await provider(`http://localhost:4803`, () => clock.now())
      evil.metadata.authorization_endpoint = endpoint
      msw.use(...evil.handlers)
      const { vault } = world(evil, { clock })
      const started = await vault.accounts.connect({
        identity: user(),
        connection: 'crm',
        redirectUri: REDIRECT,
        browser: 'b',
      })
      expect(started.status).toBe('misconfigured')
    }
  })
})
