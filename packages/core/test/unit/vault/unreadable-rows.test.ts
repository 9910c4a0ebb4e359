import { beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { rejection, useMsw } from '../oauth/mock-issuer.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { keys, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4862', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const later = { ...keys, seal: [new Uint8Array(32).fill(9)] } as const
const issuer = 'https://login.example'

type Damage = 'wrong_key' | 'corrupt' | 'moved'

/** Ann's account `a-1`, which does not open for the vault that is returned. */
async function unreadable(damage: Damage, other = false) {
  const inner = memoryStore({ clock })
  const rows = pointedRows(inner)
  const before = world(crm, { clock, store: rows.store })
  await before.link()
  const [key = ''] = rows.keys('account:')
  const over = async (value: Uint8Array) =>
    inner.put(key, value, { ifVersion: (await inner.get(key))?.version ?? null, index: rows.indexesOf(key) })
  if (damage === 'corrupt') await over(new Uint8Array([1, 2, 3]))
  if (damage === 'moved') {
    await before.link(user('mallory'))
    const [, mallorys = ''] = rows.keys('account:')
    await over((await inner.get(mallorys))?.value ?? new Uint8Array())
  }
  const opened = damage === 'wrong_key' ? world(crm, { clock, store: rows.store, keys: later }) : before
  if (other) {
    crm.state.account = 'a-2'
    await opened.link()
    crm.state.account = 'a-1'
  }
  return { ...opened, key }
}

const damages: readonly Damage[] = ['wrong_key', 'corrupt', 'moved']

describe('an account that does not open', () => {
  test.each(damages)('is replaced when its user links it again (%s)', async (damage) => {
    const { link, tokenOf } = await unreadable(damage)
    await link()
    expect(await tokenOf()).toMatch(/^access-/)
    expect(await tokenOf({ account: 'a-1' })).toMatch(/^access-/)
  })

  test.each(damages)('is not reported as revoked after a new link: its tokens are unknown (%s)', async (damage) => {
    const { link, vault } = await unreadable(damage)
    await link()
    const name = { connection: 'crm', account: 'a-1' }
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
  })

  test.each(damages)('keeps no other account from the list (%s)', async (damage) => {
    const { vault } = await unreadable(damage, true)
    expect(await vault.accounts.list(user())).toMatchObject([{ id: 'a-2' }])
  })

  test.each(damages)('is disconnected, and the answer does not claim that it was revoked (%s)', async (damage) => {
    const { vault, tokenOf } = await unreadable(damage)
    const name = { connection: 'crm', account: 'a-1' }
    expect(await vault.accounts.prefer(user(), name)).toBe(false)
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
    expect(await tokenOf()).toBe('not_connected')
  })

  test.each(damages)('is named by `forget`, which goes on (%s)', async (damage) => {
    const { vault, key } = await unreadable(damage, true)
    expect(await vault.forget({ issuer, subject: 'ann' })).toEqual({ disconnected: 1, revoked: 1, unreadable: [key] })
  })

  test('lets its user connect again where it is damaged', async () => {
    for (const damage of ['corrupt', 'moved'] as const) {
      const { ask, key } = await unreadable(damage)
      for (const change of [{}, { account: 'a-1' }]) {
        expect(await ask(change)).toMatchObject({ status: 'must_reconnect', detail: expect.stringContaining(key) })
      }
    }
  })

  test('asks no user where its key is not listed: that is for the operator', async () => {
    const { ask } = await unreadable('wrong_key')
    expect(await rejection(ask())).toMatchObject({ code: 'ERR_STORE', reason: 'wrong_key' })
  })

  test('does not let another account be used unasked', async () => {
    const { ask, vault, tokenOf, key } = await unreadable('wrong_key', true)
    expect(await ask()).toMatchObject({ status: 'choose_account', detail: expect.stringContaining(key) })
    expect(await tokenOf({ account: 'a-2' })).toMatch(/^access-/)
    expect(await vault.accounts.prefer(user(), { connection: 'crm', account: 'a-2' })).toBe(true)
    expect(await tokenOf()).toMatch(/^access-/)
  })
})
