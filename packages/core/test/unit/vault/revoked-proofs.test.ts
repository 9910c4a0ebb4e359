import { beforeEach, describe, expect, test } from 'vitest'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { createGuard, memoryStore, type Store } from '../../../src/index.ts'
import { rejection, useMsw } from '../oauth/mock-issuer.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { keys, REDIRECT, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4868', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const name = { connection: 'crm', account: 'a-1' }
const ann = () => user('ann', { claims: { iat: clock.now() / 1000 } })
const { issuer } = user()

function open(store: Store = memoryStore({ clock }), ownKeys: { readonly keys?: typeof keys } = { keys }) {
  const guard = createGuard({
    authorizationServer: oidc({ issuer, clientId: 'app', clientSecret: 's' }),
    agent: { name: 'agent:crm' },
    store,
    ...ownKeys,
    clock,
  })
  return { ...world(crm, { clock, store, ...ownKeys }), revoke: () => guard.revoke({ issuer, subject: 'ann' }) }
}

describe('a proof whose access `guard.revoke` ended, where the app calls the vault itself (I11)', () => {
  test('begins no connect flow and ends none', async () => {
    const { vault, start, finish, revoke } = open()
    const identity = ann()
    const begun = await start(identity)
    await revoke()
    const asked = { identity, connection: 'crm', redirectUri: REDIRECT, browser: 'browser-1' }
    expect(await vault.accounts.connect(asked)).toMatchObject({ status: 'login_required' })
    expect(await finish(crm.codeFor(begun.url), identity)).toMatchObject({ status: 'login_required' })
    expect(crm.forms).toEqual([])
    clock.advance(31)
    expect(await vault.accounts.list(ann())).toEqual([])
  })

  test('disconnects and chooses no account', async () => {
    const { vault, link, revoke, tokenOf } = open()
    const identity = ann()
    await link(identity)
    await revoke()
    expect(await vault.accounts.disconnect(identity, name)).toMatchObject({ status: 'login_required' })
    expect(await rejection(vault.accounts.prefer(identity, name))).toMatchObject({ reason: 'inactive' })
    clock.advance(31)
    expect(await tokenOf({ identity: ann() })).toMatch(/^access-/)
    expect(await vault.accounts.prefer(ann(), name)).toBe(true)
    expect(await vault.accounts.disconnect(ann(), name)).toMatchObject({ status: 'disconnected' })
  })

  test('links nothing where it is revoked while the account is linked: what came is revoked', async () => {
    const { vault, start, finish, revoke, tokenOf } = open()
    const identity = ann()
    const { url } = await start(identity)
    crm.after = async (answer) => {
      await revoke()
      return answer
    }
    expect(await finish(crm.codeFor(url), identity)).toMatchObject({ status: 'login_required' })
    expect(crm.revoked).toHaveLength(1)
    clock.advance(31)
    expect(await vault.accounts.list(ann())).toEqual([])
    expect(await tokenOf({ identity: ann() })).toBe('not_connected')
  })

  test('nor where the process dies before the names are read again', async () => {
    let isDead = false
    const shared = memoryStore({ clock })
    const dying = tapped(shared, (_operation, key, next) => {
      if (isDead && !key.startsWith('account:')) return new Promise(() => {})
      return next()
    })
    const { vault, start, revoke } = open(dying)
    const identity = ann()
    const { url } = await start(identity)
    crm.after = async (answer) => {
      await revoke()
      isDead = true
      return answer
    }
    const request = { identity, connection: 'crm', parameters: crm.codeFor(url), browser: 'browser-1' }
    void vault.accounts.complete(request)
    const next = open(shared)
    await expect.poll(() => next.vault.accounts.list(identity)).toMatchObject([{ status: 'must_reconnect' }])
    clock.advance(31)
    expect(await next.tokenOf({ identity: ann() })).toBe('unavailable')
    clock.advance(30)
    expect(await next.tokenOf({ identity: ann() })).toBe('must_reconnect')
    crm.after = (answer) => answer
    await next.link(ann())
    expect(await next.tokenOf({ identity: ann() })).toMatch(/^access-/)
    expect(await next.vault.accounts.disconnect(ann(), name)).toEqual({ status: 'disconnected', revoked: true })
    expect(crm.revoked).toHaveLength(2)
  })

  test.each([1, 2, 3, 4])('nor where it is revoked at request %i for the record of the account', async (at) => {
    let requests = 0
    const store = tapped(memoryStore({ clock }), async (_operation, key, next) => {
      if (key.startsWith('account:') && ++requests === at) await target.revoke()
      return next()
    })
    const target = open(store)
    const identity = ann()
    const { url } = await target.start(identity)
    expect(await target.finish(crm.codeFor(url), identity)).toMatchObject({ status: 'login_required' })
    expect(requests).toBeGreaterThan(4)
    expect(crm.revoked).toHaveLength(1)
    expect(await target.vault.accounts.list(ann())).toEqual([])
  })

  test('nor where nothing is known of it after the account was written', async () => {
    let isDown = false
    const store = tapped(memoryStore({ clock }), (_operation, key, next) => {
      if (isDown && key.startsWith('revoked:')) throw new StoreError('unavailable', 'down')
      return next()
    })
    const { vault, start, finish } = open(store)
    const identity = ann()
    const { url } = await start(identity)
    crm.after = (answer) => {
      isDown = true
      return answer
    }
    expect(await finish(crm.codeFor(url), identity)).toMatchObject({ status: 'unavailable' })
    isDown = false
    expect(await vault.accounts.list(identity)).toEqual([])
  })
})

test('a memory store without keys is one store for guard and vault', async () => {
  const { vault, revoke } = open(undefined, { keys: undefined } as never)
  const identity = ann()
  await revoke()
  const asked = { identity, connection: 'crm', redirectUri: REDIRECT, browser: 'browser-1' }
  expect(await vault.accounts.connect(asked)).toMatchObject({ status: 'login_required' })
})

test('a proof that has expired begins no connect flow', async () => {
  const { vault } = open()
  const identity = user('ann', { expiresAt: clock.now() / 1000 })
  const asked = { identity, connection: 'crm', redirectUri: REDIRECT, browser: 'browser-1' }
  expect(await vault.accounts.connect(asked)).toMatchObject({ status: 'login_required' })
})
