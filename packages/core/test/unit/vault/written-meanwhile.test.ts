import { HttpResponse } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { useMsw } from '../oauth/mock-issuer.ts'
import { tapped, testClock } from '../runs/harness.ts'
import { provider } from './provider.ts'
import { user, world } from './world.ts'

const clock = testClock()
const crm = await provider('http://localhost:4840', () => clock.now())
useMsw(...crm.handlers)
beforeEach(() => crm.reset())

const open = (options: Parameters<typeof world>[1] = {}) => world(crm, { clock, ...options })
const account = { connection: 'crm', account: 'a-1' }

/** What else writes an account, while the provider answers a refresh of it. */
const meanwhile = {
  'another account was chosen': (vault: ReturnType<typeof open>['vault']) => vault.accounts.prefer(user(), account),
  'keys were rotated': (vault: ReturnType<typeof open>['vault']) => vault.reseal(),
}

describe.each(Object.entries(meanwhile))('%s while the provider answered', (_name, write) => {
  test('the new refresh token is kept', async () => {
    const { vault, tokenOf, link } = open()
    await link()
    const first = await tokenOf()
    crm.after = async (answer) => {
      await write(vault)
      return answer
    }
    clock.advance(3601)
    expect(await tokenOf()).not.toBe(first)
    clock.advance(3601)
    expect(await tokenOf()).toMatch(/^access-/)
    expect(crm.reused).toEqual([])
  })

  test('a refusal before anything was done loses nothing', async () => {
    const { vault, tokenOf, link } = open()
    await link()
    crm.before = async () => {
      await write(vault)
      return HttpResponse.json({}, { status: 429 }) as never
    }
    clock.advance(3601)
    expect(await tokenOf()).toBe('unavailable')
    crm.before = () => undefined
    expect(await tokenOf()).toMatch(/^access-/)
  })
})

test('what was written is kept beside it', async () => {
  const { vault, tokenOf, link } = open()
  await link()
  crm.after = async (answer) => {
    await vault.accounts.prefer(user(), account)
    return answer
  }
  clock.advance(3601)
  await tokenOf()
  expect(await vault.accounts.list(user())).toMatchObject([{ isPreferred: true }])
})

describe('a process that stood still for longer than its lease', () => {
  /** What `other` does, in a process whose view of the lease is that it ran out. */
  const overtaken = (store: Store): Store =>
    tapped(store, (operation, key, next) =>
      key.startsWith('lease:') && (operation === 'put' || operation === 'delete') ? Promise.resolve('1') : next(),
    )

  test('was taken for dead; its late answer repairs the connection', async () => {
    const one = open()
    const other = open({ store: overtaken(one.store) })
    await one.link()
    clock.advance(3601)
    const told: string[] = []
    crm.after = async (answer) => {
      told.push(await other.tokenOf())
      return answer
    }
    told.push(await one.tokenOf())
    expect(told).toEqual(['must_reconnect', expect.stringMatching(/^access-/)])
    crm.after = (answer) => answer
    clock.advance(3601)
    expect(await other.tokenOf()).toMatch(/^access-/)
    expect(crm.reused).toEqual([])
  })

  test('changes nothing of a new grant that was made meanwhile', async () => {
    const one = open()
    const other = open({ store: overtaken(one.store) })
    await one.link()
    clock.advance(3601)
    let isFirst = true
    crm.after = async (answer) => {
      if (!isFirst) return answer
      isFirst = false
      expect(await other.tokenOf()).toBe('must_reconnect')
      await other.link()
      return answer
    }
    const newest = await one.tokenOf()
    expect(await other.tokenOf()).toBe(newest)
    clock.advance(3601)
    expect(await one.tokenOf()).toMatch(/^access-/)
    expect(crm.reused).toEqual([])
  })

  test('undoes nothing where the provider has said meanwhile that the grant is gone', async () => {
    const definition = { refresh: { rotates: true, graceSeconds: 30 } }
    const one = open({ definition })
    const other = open({ definition, store: overtaken(one.store) })
    await one.link()
    clock.advance(3601)
    crm.after = async (answer) => {
      crm.before = () => HttpResponse.json({ error: 'invalid_grant' }, { status: 400 }) as never
      expect(await other.tokenOf()).toBe('must_reconnect')
      return answer
    }
    expect(await one.tokenOf()).toBe('must_reconnect')
    expect(await other.tokenOf()).toBe('must_reconnect')
  })
})

test('the grace period is counted by the store: a clock that is late sends nothing late', async () => {
  crm.state.graceMs = 30_000
  const definition = { refresh: { rotates: true, graceSeconds: 30 } }
  const one = open({ definition })
  await one.link()
  clock.advance(3601)
  crm.after = () => HttpResponse.error() as never
  expect(await one.tokenOf()).toBe('unavailable')
  crm.after = (answer) => answer
  clock.advance(31)
  const late = { now: () => clock.now() - 20_000, advance: () => {} }
  expect(await open({ definition, store: one.store, clock: late }).tokenOf()).toBe('must_reconnect')
  expect(crm.reused).toEqual([])
})

/** The lives of the leases that are put, in seconds. */
function leasesOf(store: Store): readonly unknown[] {
  const lives: unknown[] = []
  const put = store.put.bind(store)
  const noting: Store['put'] = (key, value, options) => {
    if (key.startsWith('lease:')) lives.push(options.expiresInSeconds)
    return put(key, value, options)
  }
  Object.assign(store, { put: noting })
  return lives
}

test('a dead process keeps its lease for a part of the grace period only', async () => {
  const store = memoryStore({ clock })
  const lives = leasesOf(store)
  for (const graceSeconds of [0, 9]) {
    const definition = { refresh: { rotates: true, graceSeconds } }
    const { tokenOf, link } = open({ store, timeoutMs: 10_000, definition })
    await link()
    clock.advance(3601)
    await tokenOf()
  }
  expect(lives).toEqual([16, 3])
})

test('a living one renews it for as long as the provider takes', async () => {
  const store = memoryStore({ clock })
  const lives = leasesOf(store)
  const { tokenOf, link } = open({ store, definition: { refresh: { rotates: true, graceSeconds: 3 } } })
  await link()
  clock.advance(3601)
  crm.after = async (answer) => {
    await expect.poll(() => lives.length, { timeout: 5_000 }).toBeGreaterThan(1)
    return answer
  }
  expect(await tokenOf()).toMatch(/^access-/)
})
