import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4875', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

/** An answer whose id_token does not verify. */
const unverifiable = async (answer: Response) =>
  HttpResponse.json({ ...((await answer.json()) as object), id_token: 'e30.e30.e30' }) as never

describe('a link that fails after its code was redeemed', () => {
  test('has its tokens revoked, where nothing says whose account they are for', async () => {
    const { start, finish, vault } = world(crm, { clock })
    const { url } = await start()
    crm.after = unverifiable
    expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'refused', reason: 'provider' })
    expect(crm.revoked).toHaveLength(1)
    expect(await vault.accounts.list(user())).toEqual([])
  })

  test('ends no other link that holds the same token', async () => {
    crm.after = async (answer) =>
      HttpResponse.json({ ...((await answer.json()) as object), access_token: 'x', refresh_token: 'y' }) as never
    const { start, finish, link, tokenOf } = world(crm, { clock })
    await link(user('bob'))
    const { url } = await start()
    const same = crm.after
    crm.after = async (answer) => unverifiable(await same(answer))
    expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'refused' })
    expect(crm.revoked).toEqual([])
    expect(await tokenOf({ identity: user('bob') })).toBe('x')
  })

  test.each([true, false])(
    'where the store lost its answer: what was written is found (carried out: %s)',
    async (isCarriedOut) => {
      let isLosing = false
      const store = tapped(memoryStore({ clock }), async (operation, key, next) => {
        if (!isLosing || operation !== 'put' || !key.startsWith('account:')) return next()
        isLosing = false
        if (isCarriedOut) await next()
        throw new StoreError('unavailable', 'the answer was lost')
      })
      const { start, finish, vault } = world(crm, { clock, store })
      const { url } = await start()
      isLosing = true
      expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'connected' })
      expect(await vault.accounts.list(user())).toHaveLength(1)
      expect(crm.revoked).toHaveLength(0)
    },
  )

  test('where the store takes no writes: its tokens are revoked', async () => {
    let isDown = false
    const store = tapped(memoryStore({ clock }), async (operation, key, next) => {
      if (!isDown || operation !== 'put' || !key.startsWith('account:')) return next()
      throw new StoreError('unavailable', 'the store is down')
    })
    const { start, finish, vault } = world(crm, { clock, store })
    const { url } = await start()
    isDown = true
    expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'unavailable' })
    expect(await vault.accounts.list(user())).toHaveLength(0)
    expect(crm.revoked).toHaveLength(1)
  })

  test('for its time is over ends no newer link of the user when its tokens come', async () => {
    const { promise: late, resolve: arrive } = Promise.withResolvers<void>()
    const { promise: arrived, resolve: taken } = Promise.withResolvers<void>()
    const waits = async (answer: Response) => {
      await late
      return answer as never
    }
    crm.after = waits
    // It ignores the signal.
    const deaf: typeof fetch = async (input, init) => {
      const response = await fetch(input, { ...init, signal: null })
      if (String(input).endsWith('/token')) queueMicrotask(taken)
      return response
    }
    const { start, finish, link, vault } = world(crm, { clock, fetch: deaf, timeoutMs: 200 })
    const { url } = await start()
    expect(await finish(crm.codeFor(url))).toMatchObject({ status: 'unavailable' })
    crm.after = async (answer) => answer as never
    await link()
    arrive()
    await arrived
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(crm.revoked).toEqual([])
    expect(await vault.accounts.list(user())).toHaveLength(1)
  })
})
