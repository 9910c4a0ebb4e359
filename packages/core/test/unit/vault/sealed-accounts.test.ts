import { verifies } from '@behalf/testing/requirements'
import { beforeEach, describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { storedVault } from '../../../src/vault/stored/stored-vault.ts'
import { inTheClear } from '../in-the-clear.ts'
import { rejection, useMsw } from '../oauth/mock-issuer.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { definitionOf, keys, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4804', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

/** A store whose every written byte a test may read. */
function watched() {
  const inner = memoryStore({ clock })
  const keysSeen = new Set<string>()
  const indexes = new Map<string, readonly string[]>()
  const write = inner.put.bind(inner)
  inner.put = (key, value, options) => {
    indexes.set(key, options.index ?? [])
    return write(key, value, options)
  }
  const store = tapped(inner, (operation, key, next) => {
    if (operation === 'put') keysSeen.add(key)
    return next()
  })
  const accounts = () => [...keysSeen].filter((key) => key.startsWith('account:'))
  const put = async (key: string, value: Uint8Array) => {
    const found = await inner.get(key)
    await inner.put(key, value, { ifVersion: found?.version ?? null, index: [] })
  }
  return { store: store as Store, inner, accounts, put, keysSeen, indexes }
}

const open = (store: Store, options: Parameters<typeof world>[1] = {}) => world(crm, { clock, store, ...options })
const other = new Uint8Array(32).fill(9)

describe('what lies in the store', () => {
  test('holds no token, no name and no address in the clear', async () => {
    const write = async () => {
      const { store, inner, keysSeen } = watched()
      const { link, start } = open(store)
      const { state } = await start()
      await link()
      let everything = ''
      for (const key of keysSeen)
        everything += key + Buffer.from((await inner.get(key))?.value ?? []).toString('latin1')
      expect(keysSeen.size).toBeGreaterThan(2)
      for (const secret of ['access-', 'refresh-', 'upstream.example', 'login.example', state]) {
        expect(everything).not.toContain(secret)
      }
      return everything
    }
    expect(await inTheClear(write, ['ann', 'a-1', 'crm'])).toEqual([])
  })

  test('a byte flipped does not open', async () => {
    const { store, inner, accounts, put } = watched()
    const { link, ask } = open(store)
    await link()
    const [key = ''] = accounts()
    const value = Uint8Array.from((await inner.get(key))?.value ?? [])
    const text = new TextDecoder().decode(value).split('.')
    text[3] = (text[3]?.startsWith('A') ? 'B' : 'A') + (text[3] ?? '').slice(1)
    await put(key, new TextEncoder().encode(text.join('.')))
    expect(await ask({ account: 'a-1' })).toMatchObject({ status: 'must_reconnect' })
  })

  test(verifies('I2', "a record that was swapped with another user's does not open"), async () => {
    const { store, inner, accounts, put } = watched()
    const { link, ask } = open(store)
    await link()
    await link(user('mallory'))
    const [anns = '', mallorys = ''] = accounts()
    await put(mallorys, (await inner.get(anns))?.value ?? new Uint8Array())
    const stolen = await ask({ identity: user('mallory'), account: 'a-1' })
    expect(stolen).toMatchObject({ status: 'must_reconnect', detail: expect.stringContaining('moved') })
  })

  test('sealed under a key that was retired, it does not open', async () => {
    const { store } = watched()
    await open(store).link()
    const retired = open(store, { keys: { ...keys, seal: [other] } })
    expect(await rejection(retired.ask())).toMatchObject({ code: 'ERR_STORE', reason: 'wrong_key' })
  })

  test('a form or a version that is not known fails closed', async () => {
    const { createSealer } = await import('../../../src/records/index.ts')
    const { store, accounts, put } = watched()
    const { link, ask } = open(store)
    await link()
    const [key = ''] = accounts()
    const sealer = createSealer([keys.seal[0]])
    const asked = async (json: unknown) => {
      await put(key, await sealer.seal(key, new TextEncoder().encode(JSON.stringify(json))))
      return ask({ account: 'a-1' })
    }
    expect(await rejection(asked({ v: 2 }))).toMatchObject({ code: 'ERR_STORE', reason: 'unknown_version' })
    for (const json of [{ v: 1 }, 'text']) expect(await asked(json)).toMatchObject({ status: 'must_reconnect' })
  })
})

describe('keys rotate without downtime', () => {
  test('old records open while the old key is listed, and each refresh reseals them', async () => {
    const { store } = watched()
    const before = open(store)
    await before.link()
    const both = open(store, { keys: { ...keys, seal: [other, keys.seal[0]] } })
    expect(await both.tokenOf()).toMatch(/^access-/)
    clock.advance(3601)
    expect(await both.tokenOf()).toMatch(/^access-/)
    expect(await open(store, { keys: { ...keys, seal: [other] } }).tokenOf()).toMatch(/^access-/)
  })

  test('reseal brings all of them under the new key, while others write', async () => {
    const { store } = watched()
    const before = open(store)
    for (let n = 0; n < 120; n++) {
      crm.state.account = `a-${n}`
      await before.link(user(`user-${n % 60}`))
    }
    const both = open(store, { keys: { ...keys, seal: [other, keys.seal[0]] } })
    clock.advance(3601)
    const [resealed] = await Promise.all([
      both.vault.reseal(),
      both.tokenOf({ identity: user('user-7'), account: 'a-7' }),
      both.tokenOf({ identity: user('user-8'), account: 'a-8' }),
    ])
    expect(resealed).toEqual({ resealed: 120, unreadable: [] })
    const after = open(store, { keys: { ...keys, seal: [other] } })
    for (let n = 0; n < 60; n++) expect(await after.vault.accounts.list(user(`user-${n}`))).toHaveLength(2)
  })

  test('reseal names what does not open and goes on; an outage it passes on', async () => {
    const { store, inner, accounts, indexes } = watched()
    const before = open(store)
    for (let n = 0; n < 4; n++) {
      crm.state.account = `a-${n}`
      await before.link(user(`user-${n}`))
    }
    const [damaged, moved] = accounts() as [string, string]
    const put = async (key: string, value: Uint8Array) =>
      inner.put(key, value, { ifVersion: (await inner.get(key))?.version ?? null, index: indexes.get(key) ?? [] })
    const value = (await inner.get(damaged))?.value.slice() as Uint8Array
    await put(moved, value.slice())
    value[value.length - 9] = (value.at(-9) as number) ^ 1
    await put(damaged, value)
    const both = open(store, { keys: { ...keys, seal: [other, keys.seal[0]] } })
    const answer = await both.vault.reseal()
    expect({ ...answer, unreadable: [...answer.unreadable].sort() }).toEqual({
      resealed: 2,
      unreadable: [damaged, moved].sort(),
    })
    expect((await inner.get(damaged))?.value).toEqual(value)
    const down = tapped(store, (operation, _key, next) => {
      if (operation === 'put') throw new StoreError('unavailable', 'the store is down')
      return next()
    })
    // What is sealed under the current key already is not written again.
    expect(await open(down, { keys: { ...keys, seal: [other, keys.seal[0]] } }).vault.reseal()).toMatchObject({
      resealed: 0,
    })
    const newer = new Uint8Array(32).fill(10)
    const { vault } = open(down, { keys: { ...keys, seal: [newer, other, keys.seal[0]] } })
    expect(await rejection(vault.reseal())).toMatchObject({ reason: 'unavailable' })
  })

  test('reseal names a damaged record also where the current key sealed it', async () => {
    const { store, inner, accounts, indexes } = watched()
    const { link, vault } = open(store)
    await link()
    const [key = ''] = accounts()
    const found = await inner.get(key)
    const value = found?.value.slice() as Uint8Array
    value[value.length - 9] = (value.at(-9) as number) ^ 1
    await inner.put(key, value, { ifVersion: found?.version ?? null, index: indexes.get(key) ?? [] })
    expect(await vault.reseal()).toEqual({ resealed: 0, unreadable: [key] })
  })
})

describe('options', () => {
  const store = memoryStore()
  const connections = { crm: definitionOf(crm) }
  test.each([
    ['storedVault.conections', { store, conections: connections, connections }],
    ['storedVault.connections', { store, connections: {} }],
    ['storedVault.connections', { store }],
    ['store', { connections }],
    ['keys', { store: { ...store, specificationVersion: 2, durable: true }, connections }],
    ['keys.seal', { store, connections, keys: { seal: [], index: other } }],
    ['storedVault.recheckSeconds', { store, connections, recheckSeconds: 0 }],
    ['storedVault.connectPage', { store, connections, connectPage: '/connections' }],
    ['storedVault.timeoutMs', { store, connections, timeoutMs: -1 }],
    ['storedVault.connections.crm.clientID', { store, connections: { crm: { ...connections.crm, clientID: 'x' } } }],
    ['storedVault.connections.crm.clientId', { store, connections: { crm: { ...connections.crm, clientId: '' } } }],
    ['storedVault.connections.crm.label', { store, connections: { crm: { ...connections.crm, label: undefined } } }],
    ['storedVault.connections.crm.scopes', { store, connections: { crm: { ...connections.crm, scopes: [] } } }],
    ['storedVault.connections.crm', { store, connections: { crm: { ...connections.crm, issuer: undefined } } }],
    [
      'storedVault.connections.crm.issuer',
      { store, connections: { crm: { ...connections.crm, issuer: 'http://x.example' } } },
    ],
    [
      'storedVault.connections.crm.endpoints.token',
      {
        store,
        connections: {
          crm: {
            ...connections.crm,
            issuer: undefined,
            endpoints: { authorization: 'https://x.example', token: 'http://x.example' },
          },
        },
      },
    ],
    [
      'storedVault.connections.crm.authorizationParameters.state',
      { store, connections: { crm: { ...connections.crm, authorizationParameters: { state: 'x' } } } },
    ],
    [
      'storedVault.connections.crm.refresh.rotates',
      { store, connections: { crm: { ...connections.crm, refresh: {} } } },
    ],
    [
      'storedVault.connections.crm.refresh.graceSeconds',
      { store, connections: { crm: { ...connections.crm, refresh: { rotates: true, graceSeconds: -1 } } } },
    ],
    [
      'storedVault.connections.crm.account.url',
      {
        store,
        connections: { crm: { ...connections.crm, account: { from: 'endpoint', url: 'http://x.example', id: 'id' } } },
      },
    ],
    [
      'storedVault.connections.crm.revocation.url',
      {
        store,
        connections: {
          crm: { ...connections.crm, revocation: { url: 'http://x.example', method: 'POST', authorization: 'token' } },
        },
      },
    ],
  ])('%s is refused', (option, options) => {
    expect(() => storedVault(options as never)).toThrow(`${option}: `)
  })
})
