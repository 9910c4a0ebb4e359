import { inspect } from 'node:util'
import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { revealToken } from '../../../src/credential/index.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4801', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const open = (options: Parameters<typeof world>[1] = {}) => world(crm, { clock, ...options })
const refreshes = () => crm.forms.filter((form) => form.get('grant_type') === 'refresh_token')
const away = () => HttpResponse.json({}, { status: 429 }) as never

describe('a linked account', () => {
  test('gives its token, with what was granted, and shows none', async () => {
    const { ask, link } = open()
    const account = await link()
    expect(account).toEqual({
      connection: 'crm',
      id: 'a-1',
      label: 'a-1@upstream.example',
      scopes: ['openid', 'offline_access', 'contacts.read', 'contacts.write'],
      status: 'connected',
      connectedAt: clock.now() / 1000,
    })
    const answer = await ask()
    expect(answer).toMatchObject({ status: 'token', expiresAt: clock.now() / 1000 + 3600, recheckSeconds: 60 })
    expect(inspect([answer, account], { depth: 9, showHidden: true }) + JSON.stringify(answer)).not.toMatch(
      /access-|refresh-/,
    )
    expect(refreshes()).toHaveLength(0)
  })

  test('belongs to one user, one client and one issuer', async () => {
    const { tokenOf, link } = open()
    await link()
    expect(await tokenOf({ identity: user('bob') })).toBe('not_connected')
    expect(await tokenOf({ identity: user('ann', { clientId: 'other' }) })).toBe('not_connected')
    expect(await tokenOf({ identity: user('ann', { issuer: 'https://other.example' }) })).toBe('not_connected')
    expect(await tokenOf({ identity: user('ann', { tenant: 't' }) })).toBe('not_connected')
    // Another session of the same user has it: it outlives a login.
    expect(await tokenOf({ identity: user('ann', { sessionId: 's-2' }) })).toMatch(/^access-/)
  })

  test('an identity that no verification made gets nothing', async () => {
    const { ask, link } = open()
    await link()
    await expect(ask({ identity: fieldsOf(user()) })).rejects.toThrow('verified')
  })

  test('a connection that is not there, and scopes that were not granted', async () => {
    const { ask, tokenOf, link } = open()
    expect(await tokenOf({ connection: 'nonesuch' })).toBe('misconfigured')
    expect(await tokenOf()).toBe('not_connected')
    await link(user(), ['contacts.read'])
    expect(await ask({ scopes: ['contacts.read', 'contacts.write'] })).toEqual({
      status: 'needs_scopes',
      detail: 'the account was linked without contacts.write',
      account: 'a-1',
    })
  })

  test('linked with another provider or client, it has to be connected again: its tokens go nowhere else', async () => {
    const { link, store } = open()
    await link()
    clock.advance(4000)
    const moved = open({ store, definition: { clientId: 'another-client' } })
    expect(await moved.tokenOf()).toBe('must_reconnect')
    expect(refreshes()).toHaveLength(0)
  })
})

describe('refresh', () => {
  test('a hundred calls over an expired token make one', async () => {
    const { tokenOf, link } = open()
    await link()
    clock.advance(3601)
    const answers = await Promise.all(Array.from({ length: 100 }, () => tokenOf()))
    expect(new Set(answers).size).toBe(1)
    expect(refreshes()).toHaveLength(1)
    expect(crm.reused).toEqual([])
  })

  test('two vaults over one store make one, and both go on with it', async () => {
    const one = open()
    const two = open({ store: one.store })
    await one.link()
    for (let round = 1; round <= 3; round++) {
      clock.advance(3601)
      const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => (n % 2 ? one : two).tokenOf()))
      expect(new Set(answers).size).toBe(1)
      expect(refreshes()).toHaveLength(round)
    }
    expect(crm.reused).toEqual([])
  })

  test('comes early, and not at the same moment for all', async () => {
    const { tokenOf, link } = open()
    await link()
    const first = await tokenOf()
    clock.advance(3600 - 62)
    expect(await tokenOf()).toBe(first)
    clock.advance(34)
    expect(await tokenOf()).not.toBe(first)
    expect(refreshes()).toHaveLength(1)
  })

  test('early and in vain, what is there still serves; late and in vain, it is an outage and no prompt', async () => {
    const { tokenOf, ask, link } = open()
    await link()
    const first = await tokenOf()
    crm.before = away
    clock.advance(3575)
    expect(await tokenOf()).toBe(first)
    clock.advance(30)
    expect(await ask()).toMatchObject({ status: 'unavailable' })
    crm.before = () => undefined
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test('an id_token that does not verify costs no refresh token: it is not checked', async () => {
    const { tokenOf, link } = open()
    await link()
    crm.after = async (answer) =>
      HttpResponse.json({ ...((await answer.json()) as object), id_token: 'a.b.c' }) as never
    for (let round = 0; round < 3; round++) {
      clock.advance(3601)
      expect(await tokenOf()).toMatch(/^access-/)
    }
  })

  test('one caller who leaves ends nothing', async () => {
    const { vault, tokenOf, link } = open()
    await link()
    clock.advance(3601)
    const controller = new AbortController()
    crm.before = async () => {
      controller.abort(new Error('gone'))
      await new Promise((resolve) => setTimeout(resolve, 20))
      return undefined
    }
    const left = vault.token(
      { identity: user(), connection: 'crm', scopes: [] },
      { authorizationServers: {} as never, now: 0, signal: controller.signal },
    )
    await expect(left).rejects.toThrow('gone')
    expect(await tokenOf()).toMatch(/^access-/)
    expect(refreshes()).toHaveLength(1)
  })

  test('fewer scopes in the answer are noticed', async () => {
    const { ask, link, vault } = open()
    await link()
    crm.state.scope = 'contacts.read'
    clock.advance(3601)
    expect(await ask({ scopes: ['contacts.write'] })).toMatchObject({ status: 'needs_scopes' })
    expect(await ask()).toMatchObject({ status: 'token', scopes: ['contacts.read'] })
    expect((await vault.accounts.list(user()))[0]?.scopes).toEqual(['contacts.read'])
  })

  test('a grant that is gone is told once and for all, and never sent again', async () => {
    const { ask, link, vault } = open()
    await link()
    crm.before = () => HttpResponse.json({ error: 'invalid_grant' }, { status: 400 }) as never
    clock.advance(3601)
    expect(await ask()).toMatchObject({ status: 'must_reconnect' })
    crm.before = () => undefined
    expect(await ask()).toMatchObject({ status: 'must_reconnect' })
    expect(refreshes()).toHaveLength(1)
    expect((await vault.accounts.list(user()))[0]?.status).toBe('must_reconnect')
    await link()
    expect(await ask()).toMatchObject({ status: 'token' })
  })

  test.each([
    ['invalid_client', 401, 'misconfigured'],
    ['unauthorized_client', 400, 'misconfigured'],
    ['something_new', 400, 'misconfigured'],
    ['temporarily_unavailable', 400, 'unavailable'],
    ['server_error', 400, 'unavailable'],
  ])('%s (%i) is %s, and the connection is there afterwards', async (error, status, expected) => {
    crm.state.rotates = false
    const { tokenOf, link } = open({ definition: { refresh: { rotates: false } } })
    await link()
    crm.before = () => HttpResponse.json({ error }, { status }) as never
    clock.advance(3601)
    expect(await tokenOf()).toBe(expected)
    crm.before = () => undefined
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test('a token that the API refused is renewed; one that it refuses again is not, for a while', async () => {
    const { ask, link } = open()
    await link()
    const first = await ask()
    if (first.status !== 'token') throw new Error('no token')
    clock.advance(60)
    const second = await ask({ refused: first.token })
    if (second.status !== 'token') throw new Error('no token')
    expect(revealToken(second.token)).not.toBe(revealToken(first.token))
    await ask({ refused: second.token })
    expect(refreshes()).toHaveLength(1)
    clock.advance(31)
    await ask({ refused: second.token })
    expect(refreshes()).toHaveLength(2)
  })
})
