import { expect, test } from 'vitest'
import { bytes, create, mustPut, text, type WithStore } from './store-under-test.ts'

const LARGE = 1_048_576
const HUGE = 8 * LARGE + 1

/** Tests that a stored value is returned unchanged. */
export function valueTests(withStore: WithStore): void {
  test(
    'says which contract it implements',
    withStore(async ({ store }) => {
      expect(store.specificationVersion).toBe(2)
    }),
  )

  test(
    'has nothing under an absent key',
    withStore(async ({ store }) => {
      expect(await store.get('absent')).toBeUndefined()
    }),
  )

  test(
    'keeps what it was given, where the caller fills in the same bytes and options again',
    withStore(async ({ store }) => {
      const ifVersion = await create(store, 'key', 'before')
      const value = bytes('given')
      const [due, index] = [{ queue: 'queue', inSeconds: 0 }, ['index']]
      const options = { ifVersion, index, due, expiresInSeconds: 3600 }
      const written = store.put('key', value, options)
      value.fill(0)
      index[0] = 'next'
      Object.assign(due, { queue: 'next', inSeconds: 3600 })
      Object.assign(options, { ifVersion: 'next', expiresInSeconds: -1 })
      const version = await written
      if (version === 'conflict') expect.unreachable('it was put against the next version')
      expect(text((await store.get('key'))?.value)).toBe('given')
      expect(await store.list('index', { limit: 1 })).toHaveLength(1)
      const claim = { limit: 1, leaseSeconds: 60 }
      const claimed = store.claimDue('queue', claim)
      Object.assign(claim, { limit: 0, leaseSeconds: 0.001 })
      const [found] = await claimed
      if (found === undefined) expect.unreachable('nothing was due')
      const only = { ifVersion: found.version }
      const deleted = store.delete('key', only)
      only.ifVersion = version
      expect(await deleted).toBe('deleted')
      // The store must remove the index names that the record had, although the caller changed its list.
      await create(store, 'key', 'after')
      expect(await store.list('index', { limit: 1 })).toEqual([])
    }),
  )

  test(
    'gives back key, value and version',
    withStore(async ({ store }) => {
      const version = await create(store, 'key', 'value')
      const found = await store.get('key')
      expect(found).toMatchObject({ key: 'key', version })
      expect(text(found?.value)).toBe('value')
    }),
  )

  test(
    'keeps every byte, none, and a megabyte',
    withStore(async ({ store }) => {
      const all = Uint8Array.from({ length: 256 }, (_, index) => index)
      const large = Uint8Array.from({ length: LARGE }, (_, index) => (index * 31) % 251)
      await mustPut(store, 'all', all, { ifVersion: null })
      await mustPut(store, 'none', new Uint8Array(), { ifVersion: null })
      await mustPut(store, 'large', large, { ifVersion: null })
      expect(Buffer.from(all).equals((await store.get('all'))?.value ?? bytes(''))).toBe(true)
      expect((await store.get('none'))?.value).toHaveLength(0)
      expect(Buffer.from(large).equals((await store.get('large'))?.value ?? bytes(''))).toBe(true)
    }),
  )

  test(
    'keeps many megabytes, also when listed and claimed',
    withStore(async (under) => {
      const { store } = under
      const huge = Uint8Array.from({ length: HUGE }, (_, index) => (index * 31) % 251)
      const due = { queue: 'queue', inSeconds: 0 }
      await mustPut(store, 'huge', huge, { ifVersion: null, index: ['index'], due })
      const [listed] = await store.list('index', { limit: 1 })
      expect(Buffer.from(huge).equals(listed?.value ?? bytes(''))).toBe(true)
      const [claimed] = await store.claimDue('queue', { limit: 1, leaseSeconds: 60 })
      expect(Buffer.from(huge).equals(claimed?.value ?? bytes(''))).toBe(true)
    }),
  )

  test(
    'keeps a copy: changes to the bytes outside change nothing inside',
    withStore(async ({ store }) => {
      const value = bytes('value')
      await mustPut(store, 'key', value, { ifVersion: null })
      value.fill(0)
      const found = await store.get('key')
      expect(text(found?.value)).toBe('value')
      found?.value.fill(0)
      expect(text((await store.get('key'))?.value)).toBe('value')
    }),
  )

  test(
    'takes a view into a larger buffer for what it shows only',
    withStore(async ({ store }) => {
      await mustPut(store, 'key', bytes('--value--').subarray(2, 7), { ifVersion: null })
      expect(text((await store.get('key'))?.value)).toBe('value')
    }),
  )

  test(
    'keeps keys apart, however alike',
    withStore(async ({ store }) => {
      const keys = ['a', 'A', 'a ', 'a:b', 'a%3Ab', 'a*', 'a?', 'a_', 'a%', "a'; --", 'ä', 'a\u0308', 'a'.repeat(200)]
      for (const key of keys) await create(store, key, `value of ${key}`)
      for (const key of keys) expect(text((await store.get(key))?.value)).toBe(`value of ${key}`)
      await store.delete('a')
      expect(await store.get('a')).toBeUndefined()
      for (const key of keys.slice(1)) expect(await store.get(key), key).toBeDefined()
    }),
  )
}
