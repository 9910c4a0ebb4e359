import { expect, test } from 'vitest'
import { bytes, type WithStore } from './store-under-test.ts'

const misconfigured = { code: 'ERR_CONFIGURATION' }

/** Tests values that no store may accept, since two stores would treat them differently. */
export function refusalTests(withStore: WithStore): void {
  test(
    'refuses times that are no finite numbers, and writes nothing',
    withStore(async ({ store }) => {
      for (const time of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
        const wrong = [{ expiresAt: time }, { expiresInSeconds: time }, { due: { queue: 'queue', inSeconds: time } }]
        for (const options of wrong) {
          await expect(store.put('key', bytes('value'), { ifVersion: null, ...options })).rejects.toMatchObject(
            misconfigured,
          )
        }
        const claim = store.claimDue('queue', { limit: 1, leaseSeconds: time })
        await expect(claim).rejects.toMatchObject(misconfigured)
        await expect(store.increment('key', { windowSeconds: time })).rejects.toMatchObject(misconfigured)
      }
      expect(await store.get('key')).toBeUndefined()
    }),
  )

  test(
    'refuses two ends of one life, no lease, no window and no limit',
    withStore(async ({ store }) => {
      const both = { ifVersion: null, expiresAt: 1, expiresInSeconds: 1 }
      await expect(store.put('key', bytes('value'), both)).rejects.toMatchObject(misconfigured)
      for (const wrong of [0, -1]) {
        const { list, claimDue, increment } = store
        await expect(list.call(store, 'index', { limit: wrong })).rejects.toMatchObject(misconfigured)
        const claims = [
          { limit: wrong, leaseSeconds: 1 },
          { limit: 1, leaseSeconds: wrong },
        ]
        for (const options of claims) {
          await expect(claimDue.call(store, 'queue', options)).rejects.toMatchObject(misconfigured)
        }
        await expect(increment.call(store, 'key', { windowSeconds: wrong })).rejects.toMatchObject(misconfigured)
      }
    }),
  )

  test(
    'refuses half a character as a name: two such names could become one',
    withStore(async ({ store }) => {
      const half = 'a\uD800'
      const value = bytes('value')
      await expect(store.put(half, value, { ifVersion: null })).rejects.toMatchObject(misconfigured)
      await expect(store.put('key', value, { ifVersion: null, index: [half] })).rejects.toMatchObject(misconfigured)
      const due = { queue: half, inSeconds: 0 }
      await expect(store.put('key', value, { ifVersion: null, due })).rejects.toMatchObject(misconfigured)
      expect(await store.get('key')).toBeUndefined()
    }),
  )
}
