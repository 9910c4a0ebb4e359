import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { useMsw } from '../oauth/mock-issuer.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { keys, user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4867', () => clock.now())
useMsw(...crm.handlers)

/** As Slack without token rotation: one token for an account, for every user who links it. */
const gives =
  (token: object = { access_token: 'xoxp-1' }) =>
  async (answer: Response) => {
    const { refresh_token: _, expires_in: __, ...rest } = (await answer.json()) as Record<string, unknown>
    return HttpResponse.json({ ...rest, ...token }) as never
  }

beforeEach(() => {
  crm.reset()
  crm.after = gives()
})

const name = { connection: 'crm', account: 'a-1' }
const bob = user('bob')

describe('two users who linked one account and hold the same token of it', () => {
  const linked = async () => {
    const opened = world(crm, { clock })
    await opened.link()
    await opened.link(bob)
    return opened
  }

  test('one disconnects: the token is left to the other one, and the answer says so', async () => {
    const { vault, tokenOf } = await linked()
    expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
    expect(await tokenOf()).toBe('not_connected')
    expect(crm.revoked).toEqual([])
    expect(await tokenOf({ identity: bob })).toBe('xoxp-1')
  })

  test('the last one disconnects: it is revoked', async () => {
    const { vault } = await linked()
    await vault.accounts.disconnect(user(), name)
    expect(await vault.accounts.disconnect(bob, name)).toEqual({ status: 'disconnected', revoked: true })
    expect(crm.revoked).toEqual(['xoxp-1'])
  })

  test('both disconnect at once: it is revoked', async () => {
    const { vault } = await linked()
    const both = [vault.accounts.disconnect(user(), name), vault.accounts.disconnect(bob, name)]
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual(['disconnected', 'disconnected'])
    expect(crm.revoked).toContain('xoxp-1')
  })

  test('one is forgotten: the other one goes on', async () => {
    const { vault, tokenOf } = await linked()
    const forgotten = await vault.forget({ issuer: bob.issuer, subject: 'bob' })
    expect(forgotten).toEqual({ disconnected: 1, revoked: 0, unreadable: [] })
    expect(crm.revoked).toEqual([])
    expect(await tokenOf()).toBe('xoxp-1')
  })

  test('one disconnects by a process without the key that seals the other one’s link: the token is left', async () => {
    const older = world(crm, { clock })
    await older.link()
    const seal = [new Uint8Array(32).fill(3), ...keys.seal] as const
    const newer = world(crm, { clock, store: older.store, keys: { ...keys, seal } })
    await newer.link(bob)
    expect(await older.vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: false })
    expect(crm.revoked).toEqual([])
    expect(await newer.vault.accounts.disconnect(bob, name)).toEqual({ status: 'disconnected', revoked: true })
  })

  test('a refresh token that two links hold is left as well', async () => {
    crm.after = gives({ refresh_token: 'refresh-of-both' })
    const { vault } = await linked()
    expect(await vault.accounts.disconnect(user(), name)).toMatchObject({ revoked: false })
    expect(crm.revoked).toEqual([])
    expect(await vault.accounts.disconnect(bob, name)).toMatchObject({ revoked: true })
  })
})

test('a user who links an account again and gets the same token has it revoked once', async () => {
  const { link, vault } = world(crm, { clock })
  for (let times = 0; times < 25; times++) await link()
  expect(await vault.accounts.disconnect(user(), name)).toEqual({ status: 'disconnected', revoked: true })
  expect(crm.revoked).toEqual(['xoxp-1'])
})
