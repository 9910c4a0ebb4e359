import { beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4861', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const mallory = user('mallory', { sessionId: 's-m' })

describe('index rows that were pointed at another user’s account', () => {
  async function attacked() {
    const rows = pointedRows(memoryStore({ clock }))
    const opened = world(crm, { clock, store: rows.store })
    await opened.link(user('ann', { sessionId: 's-a' }))
    crm.state.account = 'm-1'
    await opened.link(mallory)
    const [anns = '', mallorys = ''] = rows.keys('account:')
    rows.point(mallorys, anns)
    return { ...opened, rows }
  }

  test('give no token of the other user', async () => {
    const { tokenOf } = await attacked()
    expect(await tokenOf({ identity: mallory })).toBe('not_connected')
  })

  test('show no account of the other user', async () => {
    const { vault } = await attacked()
    expect(await vault.accounts.list(mallory)).toEqual([])
  })

  test.each([
    ['subject', { subject: 'mallory' }],
    ['session', { session: 's-m' }],
  ])('disconnect no account of the other user when a %s is forgotten', async (_, whose) => {
    const { vault, tokenOf } = await attacked()
    const forgotten = await vault.forget({ issuer: 'https://login.example', ...whose })
    expect(forgotten).toMatchObject({ disconnected: 0 })
    expect(await tokenOf({ identity: user('ann', { sessionId: 's-a' }) })).toMatch(/^access-/)
    expect(crm.revoked).toEqual([])
  })

  test('do not bring an account of another connection', async () => {
    const rows = pointedRows(memoryStore({ clock }))
    const { link, ask, vault } = world(crm, { clock, store: rows.store })
    await link()
    const [key = ''] = rows.keys('account:')
    // The index of all of a user's accounts in the place of one connection's, and the other way round.
    const [, ofUser = '', ofConnection = ''] = rows.indexesOf(key)
    rows.alias.set(ofConnection, 'accounts')
    crm.state.account = 'b-1'
    await link(user('bob'))
    expect(await ask()).toMatchObject({ status: 'token' })
    rows.alias.set(ofUser, 'accounts')
    expect(await vault.accounts.list(user())).toHaveLength(1)
  })
})
