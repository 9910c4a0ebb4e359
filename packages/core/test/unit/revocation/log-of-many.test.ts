import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod/mini'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports/index.ts'
import { Collection, openStoreKeys } from '../../../src/base/records/index.ts'
import { memoryStore } from '../../../src/base/stores/memory-store.ts'
import { Revocations } from '../../../src/consent/revocation/index.ts'
import { overStore } from '../stores/over-store.ts'

const NOW = 1_800_000_000_000
const keys = { seal: [new Uint8Array(32).fill(3)], index: new Uint8Array(32).fill(4) } as const
const issuer = 'https://login.example.com'

function setup() {
  const store = memoryStore({ clock: { now: () => NOW } })
  const process = (over: Store = store) => new Revocations(openStoreKeys(over, keys), 5)
  return { store, process }
}

const user = (sessionId: string): UserIdentity => ({ kind: 'user', issuer, subject: 'ann', sessionId, claims: {} })
const sessions = (count: number) => Array.from({ length: count }, (_, index) => `s-${index}`)

describe('a log of many revocations', () => {
  test('of one process, made at once: each is written once', async () => {
    const { store, process } = setup()
    const written: string[] = []
    const counted = overStore(store, {
      put: (key, ...rest) => {
        written.push(key)
        return store.put(key, ...rest)
      },
    })
    const [here, there] = [process(counted), process()]
    await Promise.all(sessions(100).map((session) => here.add({ issuer, session }, NOW)))
    expect(written.filter((key) => key.startsWith('revocations:'))).toHaveLength(100)
    await there.read(NOW)
    expect(sessions(100).filter((session) => there.find(user(session), NOW) === undefined)).toEqual([])
  })

  test('of one process, one of which fails: those behind it are written', async () => {
    const { store, process } = setup()
    let isAway = true
    const away = overStore(store, {
      put: async (key, ...rest) => {
        if (isAway && key.startsWith('revocations:')) throw new StoreError('unavailable', 'down')
        return store.put(key, ...rest)
      },
    })
    const [here, there] = [process(away), process()]
    await expect(here.add({ issuer, session: 's-0' }, NOW)).rejects.toBeInstanceOf(StoreError)
    isAway = false
    await here.add({ issuer, session: 's-1' }, NOW)
    await there.read(NOW)
    expect(there.find(user('s-1'), NOW)).toBeDefined()
  })

  test(verifies('I9', 'is read in parts: a store gives up a read that waits too long for its turn'), async () => {
    const { store, process } = setup()
    const opened = openStoreKeys(store, keys)
    const chunks = new Collection<unknown>(opened, { kind: 'revocations', schema: z.any() })
    const heads = new Collection<unknown>(opened, { kind: 'revocations-head', schema: z.any() })
    const at = NOW / 1000
    const last = 300
    for (let number = 0; number <= last; number++) {
      const revoked = sessions(64).map((session) => ({ issuer, session: `${number}-${session}`, at }))
      await chunks.create(await chunks.keyOf(number), { v: 1, number, revoked })
    }
    await heads.create(await heads.keyOf(), { v: 1, first: 0, last, count: 64, at })
    let waiting = 0
    const busy = overStore(store, {
      get: async (key) => {
        if (++waiting > 100) throw new StoreError('unavailable', 'waited too long')
        await new Promise((resolve) => setTimeout(resolve, 10))
        waiting--
        return store.get(key)
      },
    })
    const late = process(busy)
    await late.read(NOW)
    expect(late.isFresh(NOW)).toBe(true)
    for (const session of ['0-s-0', '63-s-63', '64-s-0', `${last}-s-63`]) {
      expect(late.find(user(session), NOW), session).toBeDefined()
    }
  })
})
