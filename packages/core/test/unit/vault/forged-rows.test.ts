import { beforeEach, describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4882', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

/** Ann's linked account, in a database that an attacker without keys writes to. */
async function linked(graceSeconds = 0) {
  const inner = memoryStore({ clock })
  const rows = pointedRows(inner)
  const opened = world(crm, {
    clock,
    store: rows.store,
    timeoutMs: 1_000,
    definition: { refresh: { rotates: true, graceSeconds } },
  })
  await opened.link()
  const [key = ''] = rows.keys('account:')
  return { ...opened, rows, inner, key }
}

describe('a row of a lease or of a grace period, written by an attacker without keys', () => {
  test('a lease: while it lasts nothing is refreshed, no user is asked to connect, and a valid token serves', async () => {
    const { tokenOf, inner, key } = await linked()
    await inner.put(`lease:${key}`, new Uint8Array([1]), { ifVersion: null })
    expect(await tokenOf()).toMatch(/^access-/)
    clock.advance(3601)
    expect(await tokenOf()).toBe('unavailable')
    await inner.delete(`lease:${key}`)
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test('a lease that is deleted under its holder leads to no second use of a refresh token', async () => {
    const { tokenOf, inner, key } = await linked()
    clock.advance(3601)
    let isFirst = true
    const elsewhere = world(crm, { clock, store: inner, timeoutMs: 1_000 })
    const others: Promise<string>[] = []
    crm.before = async () => {
      if (!isFirst) return
      isFirst = false
      await inner.delete(`lease:${key}`)
      others.push(elsewhere.tokenOf())
      await Promise.all(others)
      return undefined
    }
    expect(await tokenOf()).toMatch(/^access-/)
    expect(await Promise.all(others)).toEqual(['must_reconnect'])
    expect(crm.reused).toEqual([])
    expect(await tokenOf()).toMatch(/^access-/)
  })

  test('a grace period without end: the used token is sent once more, and the provider ends the grant', async () => {
    const { tokenOf, inner, rows, link } = await linked(30)
    clock.advance(3601)
    crm.after = () => Response.error() as never
    await tokenOf()
    const [grace = ''] = rows.keys('grace:')
    const version = (await inner.get(grace))?.version ?? null
    await inner.put(grace, new Uint8Array(1), { ifVersion: version })
    crm.after = (answer) => answer
    clock.advance(3601)
    expect(await tokenOf()).toBe('must_reconnect')
    expect(crm.reused).toHaveLength(1)
    await link()
    expect(await tokenOf()).toMatch(/^access-/)
  })
})
