import { http } from 'msw'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const ISSUER = 'http://localhost:4868'
const clock = testClock()
const crm = await provider(ISSUER, () => clock.now())
const msw = useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const name = { connection: 'crm', account: 'a-1' }

/**
 * Ann's account, whose disconnect ended with its process before the provider heard of it.
 *
 * @param before - Is done with her account, by another process, before the disconnect.
 */
async function broken(before: (opened: ReturnType<typeof world>) => Promise<unknown> = async () => {}) {
  const opened = world(crm, { clock })
  const { link, vault, store, tokenOf } = opened
  await link()
  const token = await tokenOf()
  await before(opened)
  let hears = () => {}
  const heard = new Promise<void>((resolve) => {
    hears = resolve
  })
  let end = () => {}
  const ended = new Promise<void>((resolve) => {
    end = resolve
  })
  msw.use(
    http.post(`${ISSUER}/revoke`, async () => {
      hears()
      await ended
      return new Response(null, { status: 503 }) as never
    }),
  )
  const disconnect = vault.accounts.disconnect(user(), name)
  onTestFinished(async () => {
    end()
    await disconnect
  })
  await heard
  msw.resetHandlers(...crm.handlers)
  return { token, ...world(crm, { clock, store }) }
}

describe('a process that died in a disconnect, before the provider was told', () => {
  test('leaves an account that serves no call, and that is disconnected again', async () => {
    const { tokenOf, vault } = await broken()
    expect(await tokenOf()).toBe('must_reconnect')
    expect(await vault.accounts.list(user())).toMatchObject([{ id: 'a-1', status: 'must_reconnect' }])
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
    expect(crm.revoked).toHaveLength(1)
    expect(await vault.accounts.list(user())).toEqual([])
  })

  test('leaves its tokens to the next link: a later disconnect revokes both, or does not say so', async () => {
    const { link, tokenOf, vault, token } = await broken()
    await link()
    expect(await tokenOf()).not.toBe(token)
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
    expect(new Set(crm.revoked).size).toBe(2)
  })
})

test.each([true, false])(
  'leaves an account that serves no call, also where a refresh is answered after that (rotates: %s)',
  async (rotates) => {
    crm.state.rotates = rotates
    const definition = { refresh: { rotates } }
    let answer = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    let refresh: Promise<string> | undefined
    const { store } = await broken(async (opened) => {
      const { tokenOf } = world(crm, { clock, store: opened.store, definition })
      clock.advance(3601)
      await new Promise<void>((asked) => {
        crm.after = async (response) => {
          asked()
          await answered
          return response
        }
        refresh = tokenOf()
      })
    })
    answer()
    expect(await refresh).toBe('must_reconnect')
    const { link, tokenOf, vault } = world(crm, { clock, store, definition })
    expect(await tokenOf()).toBe('must_reconnect')
    expect(await vault.accounts.list(user())).toMatchObject([{ id: 'a-1', status: 'must_reconnect' }])
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
    await link()
    expect(await tokenOf()).toMatch(/^access-/)
  },
)

test.each([true, false])(
  'an account that is linked again while its provider is told of a disconnect stays (%s)',
  async (rotates) => {
    crm.state.rotates = rotates
    const { link, tokenOf, vault } = world(crm, { clock, definition: { refresh: { rotates } } })
    await link()
    clock.advance(1)
    let isFirst = true
    msw.use(
      http.post(`${ISSUER}/revoke`, async () => {
        if (isFirst) {
          isFirst = false
          await link()
        }
        return undefined
      }),
    )
    expect(await vault.accounts.disconnect(user(), name)).toMatchObject({ status: 'disconnected' })
    expect(await tokenOf()).toMatch(/^access-/)
  },
)

test.each([true, false])(
  'a refresh that is answered while its provider is told leaves no token (rotates: %s)',
  async (rotates) => {
    crm.state.rotates = rotates
    const { link, tokenOf, vault } = world(crm, { clock, definition: { refresh: { rotates } } })
    await link()
    clock.advance(3601)
    let refresh: Promise<string> | undefined
    let answer = () => {}
    const answered = new Promise<void>((resolve) => {
      answer = resolve
    })
    let isAsked = () => {}
    const asked = new Promise<void>((resolve) => {
      isAsked = resolve
    })
    crm.after = async (response) => {
      isAsked()
      await answered
      return response
    }
    msw.use(
      http.post(`${ISSUER}/revoke`, async () => {
        answer()
        await refresh
        return undefined
      }),
    )
    refresh = tokenOf()
    await asked
    expect(await vault.accounts.disconnect(user(), name)).toMatchObject({ status: 'disconnected' })
    expect(await tokenOf()).toBe('not_connected')
    expect(await vault.accounts.list(user())).toEqual([])
    expect(crm.revoked.length).toBeGreaterThan(1)
  },
)
