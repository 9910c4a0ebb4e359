import { expect, test } from 'vitest'
import { create, pass, text, type WithStore } from './store-under-test.ts'

/** Tests counting within a window. */
export function counterTests(withStore: WithStore): void {
  test(
    'counts up, each key for itself',
    withStore(async ({ store }) => {
      const options = { windowSeconds: 60 }
      expect(await store.increment('one', options)).toBe(1)
      expect(await store.increment('one', options)).toBe(2)
      expect(await store.increment('two', options)).toBe(1)
      expect(await store.increment('one', options)).toBe(3)
    }),
  )

  test(
    'counts within a window that outlives the server’s own times',
    withStore(async ({ store }) => {
      for (const windowSeconds of [1e16, Number.MAX_VALUE]) {
        expect(await store.increment(`key-${windowSeconds}`, { windowSeconds })).toBe(1)
        expect(await store.increment(`key-${windowSeconds}`, { windowSeconds })).toBe(2)
      }
    }),
  )

  test(
    'starts again at the end of the window that the first count began',
    withStore(async (under) => {
      const { store } = under
      const options = { windowSeconds: 4 }
      expect(await store.increment('key', options)).toBe(1)
      await pass(under, 2)
      // A later count does not stretch the window.
      expect(await store.increment('key', options)).toBe(2)
      await pass(under, 3)
      expect(await store.increment('key', options)).toBe(1)
    }),
  )

  test(
    'gives every one of many that count at once a number of its own',
    withStore(async ({ store, restart }) => {
      const stores = [store, (await restart?.()) ?? store]
      const totals = await Promise.all(
        Array.from({ length: 40 }, (_, index) => (stores[index % 2] ?? store).increment('key', { windowSeconds: 60 })),
      )
      expect(totals.sort((left, right) => left - right)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
    }),
  )

  test(
    'keeps a counter apart from a record under the same key',
    withStore(async ({ store }) => {
      await create(store, 'key', 'value')
      expect(await store.increment('key', { windowSeconds: 60 })).toBe(1)
      expect(text((await store.get('key'))?.value)).toBe('value')
      await store.delete('key')
      expect(await store.increment('key', { windowSeconds: 60 })).toBe(2)
    }),
  )
}
