import { beforeEach, describe, expect, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4812', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())
const open = (options: Parameters<typeof world>[1] = {}) => world(crm, { clock, ...options })

describe('several accounts', () => {
  test('are listed, and none is guessed', async () => {
    const { link, ask, tokenOf, vault } = open()
    await link()
    const first = await tokenOf()
    crm.state.account = 'a-2'
    await link()
    expect(await ask()).toMatchObject({ status: 'choose_account' })
    expect(await tokenOf({ account: 'a-1' })).toBe(first)
    expect(await tokenOf({ account: 'a-2' })).toMatch(/^access-/)
    expect(await tokenOf({ account: 'a-3' })).toBe('not_connected')
    const list = await vault.accounts.list(user())
    expect(list.map(({ id, isPreferred }) => [id, isPreferred]).sort()).toEqual([
      ['a-1', undefined],
      ['a-2', undefined],
    ])
  })

  test('the one that was chosen last is used', async () => {
    const { link, tokenOf, vault } = open()
    await link()
    const first = await tokenOf()
    crm.state.account = 'a-2'
    await link()
    const prefer = (account: string) => vault.accounts.prefer(user(), { connection: 'crm', account })
    expect(await prefer('a-1')).toBe(true)
    expect(await tokenOf()).toBe(first)
    clock.advance(1)
    expect(await prefer('a-2')).toBe(true)
    expect(await tokenOf()).not.toBe(first)
    expect(await prefer('a-9')).toBe(false)
    expect((await vault.accounts.list(user())).filter(({ isPreferred }) => isPreferred)).toMatchObject([{ id: 'a-2' }])
  })

  test('when the chosen account is disconnected, another one is used only after the user chose it', async () => {
    const { link, ask, tokenOf, vault } = open()
    await link()
    crm.state.account = 'a-2'
    await link()
    const name = (account: string) => ({ connection: 'crm', account })
    await vault.accounts.prefer(user(), name('a-2'))
    clock.advance(1)
    await vault.accounts.prefer(user(), name('a-1'))
    await vault.accounts.disconnect(user(), name('a-1'))
    expect(await ask()).toMatchObject({ status: 'choose_account' })
    expect(await vault.accounts.list(user())).toMatchObject([{ id: 'a-2', mustChoose: true }])
    // A renewal is no choice.
    clock.advance(3_600)
    expect(await tokenOf({ account: 'a-2' })).toMatch(/^access-/)
    expect(await ask()).toMatchObject({ status: 'choose_account' })
    await vault.accounts.prefer(user(), name('a-2'))
    expect(await tokenOf()).toMatch(/^access-/)
    expect((await vault.accounts.list(user()))[0]).not.toHaveProperty('mustChoose')
  })

  test('when the chosen account goes with its session, another one is used only after the user chose it', async () => {
    const { link, ask, vault } = open()
    await link(user('ann', { sessionId: 's-1' }))
    crm.state.account = 'a-2'
    await link(user('ann', { sessionId: 's-2' }))
    await vault.accounts.prefer(user(), { connection: 'crm', account: 'a-1' })
    await vault.forget({ issuer: user().issuer, session: 's-1' })
    expect(await ask()).toMatchObject({ status: 'choose_account' })
  })

  test('when an account that was not chosen is disconnected, the other one is used', async () => {
    const { link, tokenOf, vault } = open()
    await link()
    crm.state.account = 'a-2'
    await link()
    await vault.accounts.disconnect(user(), { connection: 'crm', account: 'a-1' })
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test('the same account again is one account, with its newest grant', async () => {
    const { link, tokenOf, vault } = open()
    await link()
    const first = await tokenOf()
    await link()
    expect(await vault.accounts.list(user())).toHaveLength(1)
    expect(await tokenOf()).not.toBe(first)
  })

  test('the choice that was made last counts, also where the clock of its process is behind', async () => {
    const { link, vault } = open()
    await link()
    crm.state.account = 'a-2'
    await link()
    await vault.accounts.prefer(user(), { connection: 'crm', account: 'a-1' })
    clock.advance(-60)
    for (const account of ['a-2', 'a-1', 'a-2']) {
      await vault.accounts.prefer(user(), { connection: 'crm', account })
      const listed = await vault.accounts.list(user())
      expect(listed.filter(({ isPreferred }) => isPreferred).map(({ id }) => id)).toEqual([account])
    }
    clock.advance(60)
  })
})
