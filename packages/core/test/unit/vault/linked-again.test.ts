import { HttpResponse } from 'msw'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4863', () => clock.now())
const other = await provider('http://localhost:4864', () => clock.now())
useMsw(...crm.handlers, ...other.handlers)
beforeEach(() => {
  crm.reset()
  other.reset()
})
afterEach(() => vi.useRealTimers())

const open = (options: Parameters<typeof world>[1] = {}) => world(crm, { clock, ...options })
const name = { connection: 'crm', account: 'a-1' }
const refreshes = () => crm.forms.filter((form) => form.get('grant_type') === 'refresh_token')
const sentTokens = () => refreshes().map((form) => form.get('refresh_token'))

/** As a provider that gives a refresh token only with the first consent. */
async function withoutRefreshToken(answer: Response): Promise<Response> {
  const { refresh_token: _, ...rest } = (await answer.json()) as Record<string, unknown>
  return HttpResponse.json(rest) as never
}

/** Links while the first refresh is answered. */
function linkedMeanwhile(relink: () => Promise<unknown>) {
  let isFirst = true
  return async (answer: Response) => {
    if (!isFirst) return answer
    isFirst = false
    await relink()
    return answer
  }
}

describe('an account that is linked again while a refresh is under way', () => {
  test('never sends the used refresh token again, where the new link brings none; the new one is kept', async () => {
    const { link, tokenOf } = open()
    await link()
    clock.advance(3601)
    crm.after = linkedMeanwhile(async () => {
      crm.after = withoutRefreshToken
      await link()
      crm.after = (answer) => answer
    })
    expect(await tokenOf()).toMatch(/^access-/)
    for (let times = 0; times < 3; times++) {
      clock.advance(3601)
      expect(await tokenOf()).toMatch(/^access-/)
    }
    expect(new Set(sentTokens()).size).toBe(4)
    expect(crm.reused).toEqual([])
  })

  test('has the refresh token of the late answer revoked with it, where the new link brings one', async () => {
    const { link, tokenOf, vault } = open()
    await link()
    clock.advance(3601)
    let late = ''
    crm.after = linkedMeanwhile(link)
    const after = crm.after
    crm.after = async (answer) => {
      const form = crm.forms.at(-1)
      if (form?.get('grant_type') === 'refresh_token')
        late = ((await answer.clone().json()) as { refresh_token: string }).refresh_token
      return after(answer)
    }
    await tokenOf()
    expect(late).toMatch(/^refresh-/)
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
    expect(crm.revoked).toContain(late)
    expect(crm.revoked).toHaveLength(3)
  })
})

describe('an account whose refresh lost its answer', () => {
  const lost = async (options: Parameters<typeof world>[1] = {}) => {
    const opened = open(options)
    await opened.link()
    clock.advance(3601)
    crm.after = () => HttpResponse.error() as never
    expect(await opened.tokenOf()).toBe('unavailable')
    return opened
  }

  test('never sends the used refresh token again after a new link that brings none', async () => {
    const { link, tokenOf } = await lost({ definition: { refresh: { rotates: true, graceSeconds: 30 } } })
    crm.after = withoutRefreshToken
    await link()
    crm.after = (answer) => answer
    clock.advance(3601)
    expect(await tokenOf()).toBe('must_reconnect')
    expect(new Set(sentTokens()).size).toBe(sentTokens().length)
    expect(crm.reused).toEqual([])
  })

  test('is not reported as revoked: the tokens of the lost answer are unknown', async () => {
    const { link, vault } = await lost()
    crm.after = (answer) => answer
    await link()
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
    await link()
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
  })
})

describe('the refresh token of an account', () => {
  test('goes to no other provider after the connection was configured again', async () => {
    const one = open()
    await one.link()
    const moved = world(other, { clock, store: one.store })
    other.after = withoutRefreshToken
    await moved.link()
    other.after = (answer) => answer
    clock.advance(3601)
    expect(await moved.tokenOf()).toBe('must_reconnect')
    expect(other.forms.filter((form) => form.get('grant_type') === 'refresh_token')).toEqual([])
    // The first provider is not configured any more, so the vault cannot revoke there.
    expect(await moved.vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
    expect(other.revoked.some((token) => token.startsWith('refresh-1'))).toBe(false)
  })

  test('goes to no other client of the same provider', async () => {
    const one = open({ definition: { account: { from: 'none' } } })
    await one.link()
    const moved = open({ store: one.store, definition: { account: { from: 'none' }, clientId: 'another-app' } })
    crm.after = withoutRefreshToken
    await moved.link()
    crm.after = (answer) => answer
    clock.advance(3601)
    expect(await moved.tokenOf()).toBe('must_reconnect')
    expect(refreshes()).toEqual([])
  })

  test('is not kept where nothing says whose account was linked: it may be another', async () => {
    const { link, tokenOf } = open({ definition: { account: { from: 'none' } } })
    await link()
    crm.after = withoutRefreshToken
    crm.state.account = 'a-2'
    await link()
    crm.after = (answer) => answer
    clock.advance(3601)
    expect(await tokenOf()).toBe('must_reconnect')
    expect(refreshes()).toEqual([])
  })

  test('is kept where a new link of the same client brings none', async () => {
    const { link, tokenOf } = open()
    await link()
    crm.after = withoutRefreshToken
    await link()
    crm.after = (answer) => answer
    clock.advance(3601)
    expect(await tokenOf()).toMatch(/^access-/)
    expect(refreshes()).toHaveLength(1)
  })
})

describe('every token that was stored', () => {
  test('is revoked when the account is disconnected, those of earlier links too', async () => {
    const { link, vault } = open()
    for (let times = 0; times < 3; times++) await link()
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
    expect(new Set(crm.revoked).size).toBe(3)
  })

  test('is said not to be revoked where there were more than are listed', async () => {
    const { link, vault } = open()
    for (let times = 0; times < 25; times++) await link()
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
    expect(crm.revoked).toHaveLength(21)
  })

  test('is revoked where the store was away when it came, and the account was disconnected before it was back', async () => {
    let isDown = false
    const store = memoryStore({ clock })
    const broken = tapped(store, (_operation, key, next) => {
      if (isDown && key.startsWith('account:')) throw new StoreError('unavailable', 'down')
      return next()
    })
    const one = open({ store: broken, timeoutMs: 600 })
    const elsewhere = open({ store })
    await one.link()
    clock.advance(3601)
    let late = ''
    crm.after = async (answer) => {
      late = ((await answer.clone().json()) as { refresh_token: string }).refresh_token
      isDown = true
      return answer
    }
    await expect(one.tokenOf()).rejects.toThrow('down')
    crm.after = (answer) => answer
    expect(await elsewhere.vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
    expect(crm.revoked).not.toContain(late)
    isDown = false
    await vi.waitFor(() => expect(crm.revoked).toContain(late), { timeout: 4_000 })
  })
})

describe('an account of which nothing says whose it is', () => {
  const definition = { account: { from: 'none' } } as const

  test('takes no refresh token of a late answer into a new link: it may be that of another account', async () => {
    const { link, tokenOf, vault } = open({ definition })
    await link()
    clock.advance(3601)
    let late = ''
    crm.after = async (answer) => {
      late = ((await answer.clone().json()) as { refresh_token: string }).refresh_token
      crm.after = withoutRefreshToken
      crm.state.account = 'a-2'
      await link()
      crm.after = (given) => given
      return answer
    }
    const second = await tokenOf()
    clock.advance(3601)
    expect(await tokenOf()).toBe('must_reconnect')
    expect(second).toMatch(/^access-/)
    expect(sentTokens()).not.toContain(late)
    await link()
    expect(await vault.accounts.disconnect(user(), { ...name, account: 'default' })).toMatchObject({ revoked: true })
    expect(crm.revoked).toContain(late)
  })
})
