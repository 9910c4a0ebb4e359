import { expect, test } from 'vitest'
import { bytes, create, mustPut, nowOf, pass, text, type WithStore } from './store-under-test.ts'

/** Tests that from `expiresAt` on, no method finds the key. */
export function expiryTests(withStore: WithStore): void {
  test(
    'keeps a key until it expires, and nowhere after',
    withStore(async (under) => {
      const { store } = under
      const at = nowOf(under)
      const version = await create(store, 'key', 'value', {
        expiresAt: at + 3,
        index: ['index'],
        due: { queue: 'queue', inSeconds: 0 },
      })
      expect(text((await store.get('key'))?.value)).toBe('value')
      await pass(under, 4)
      expect(await store.get('key')).toBeUndefined()
      expect(await store.list('index', { limit: 10 })).toEqual([])
      expect(await store.claimDue('queue', { limit: 10, leaseSeconds: 10 })).toEqual([])
      expect(await store.put('key', bytes('late'), { ifVersion: version })).toBe('conflict')
      expect(await store.delete('key', { ifVersion: version })).toBe('conflict')
      expect(await store.put('key', bytes('new'), { ifVersion: null })).not.toBe('conflict')
    }),
  )

  test(
    'counts a time from now by its own clock',
    withStore(async (under) => {
      const { store } = under
      const version = await create(store, 'lease', 'value', { expiresInSeconds: 3 })
      await pass(under, 1)
      expect(await store.put('lease', bytes('other'), { ifVersion: null, expiresInSeconds: 3 })).toBe('conflict')
      await mustPut(store, 'lease', bytes('renewed'), { ifVersion: version, expiresInSeconds: 3 })
      await pass(under, 2)
      expect(text((await store.get('lease'))?.value)).toBe('renewed')
      await pass(under, 2)
      expect(await store.get('lease')).toBeUndefined()
    }),
  )

  test(
    'takes the expiry of the last write, also where it has none',
    withStore(async (under) => {
      const { store } = under
      const expiresAt = nowOf(under) + 2
      const kept = await create(store, 'kept', 'value', { expiresAt })
      await mustPut(store, 'kept', bytes('value'), { ifVersion: kept })
      const ended = await create(store, 'ended')
      await mustPut(store, 'ended', bytes('value'), { ifVersion: ended, expiresAt })
      await pass(under, 3)
      expect(await store.get('kept')).toBeDefined()
      expect(await store.get('ended')).toBeUndefined()
    }),
  )

  test(
    'keeps the expiry when a write meets a conflict',
    withStore(async (under) => {
      const { store } = under
      const at = nowOf(under)
      await create(store, 'key', 'value', { expiresAt: at + 60 })
      expect(await store.put('key', bytes('other'), { ifVersion: null, expiresAt: at + 1 })).toBe('conflict')
      await pass(under, 2)
      expect(await store.get('key')).toBeDefined()
    }),
  )

  test(
    'takes a time in the past as absent from the start',
    withStore(async (under) => {
      await create(under.store, 'key', 'value', { expiresAt: nowOf(under) - 10, index: ['index'] })
      expect(await under.store.get('key')).toBeUndefined()
      expect(await under.store.list('index', { limit: 10 })).toEqual([])
    }),
  )
}
