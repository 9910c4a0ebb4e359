import type { Store } from '@behalf/core'
import { expect, test } from 'vitest'
import { bytes, create, mustPut, pass, text, type WithStore } from './store-under-test.ts'

const claim = (store: Store, queue = 'queue', limit = 10, leaseSeconds = 3) =>
  store.claimDue(queue, { limit, leaseSeconds })

/** Tests due work, and its claims. */
export function queueTests(withStore: WithStore): void {
  test(
    'hands out a key once it is due, with the value as it is now',
    withStore(async (under) => {
      const { store } = under
      await create(store, 'key', 'value', { due: { queue: 'queue', inSeconds: 2 } })
      expect(await claim(store)).toEqual([])
      await pass(under, 3)
      const [claimed] = await claim(store)
      expect(claimed?.key).toBe('key')
      expect(text(claimed?.value)).toBe('value')
    }),
  )

  test(
    'hands out nothing twice while a lease lasts, and again after it',
    withStore(async (under) => {
      const { store } = under
      await create(store, 'key', 'value', { due: { queue: 'queue', inSeconds: 0 } })
      const [first] = await claim(store)
      expect(first).toBeDefined()
      expect(await claim(store)).toEqual([])
      await pass(under, 4)
      const [second] = await claim(store)
      expect(second?.key).toBe('key')
      expect(second?.version).not.toBe(first?.version)
      // A caller that lost the claim cannot write with it.
      expect(await store.put('key', bytes('late'), { ifVersion: first?.version ?? null })).toBe('conflict')
    }),
  )

  test(
    'makes the version the claim',
    withStore(async (under) => {
      const { store } = under
      const due = { queue: 'queue', inSeconds: 0 }
      const before = await create(store, 'key', 'value', { due })
      const [claimed] = await claim(store)
      expect(claimed?.version).not.toBe(before)
      expect(await store.put('key', bytes('outsider'), { ifVersion: before })).toBe('conflict')
      expect(await store.get('key')).toMatchObject({ version: claimed?.version })
    }),
  )

  test(
    'lets a put under the claim set a new time',
    withStore(async (under) => {
      const { store } = under
      await create(store, 'key', 'value', { due: { queue: 'queue', inSeconds: 0 } })
      const [claimed] = await claim(store)
      const ifVersion = claimed?.version ?? null
      await mustPut(store, 'key', bytes('later'), { ifVersion, due: { queue: 'queue', inSeconds: 6 } })
      await pass(under, 4)
      expect(await claim(store)).toEqual([])
      await pass(under, 3)
      expect(await claim(store)).toHaveLength(1)
    }),
  )

  test(
    'lets a put without a time, and a delete, take a key out of its queue',
    withStore(async (under) => {
      const { store } = under
      const due = { queue: 'queue', inSeconds: 0 }
      await create(store, 'done', 'value', { due })
      await create(store, 'gone', 'value', { due })
      const claimed = new Map((await claim(store)).map((one) => [one.key, one.version]))
      await mustPut(store, 'done', bytes('value'), { ifVersion: claimed.get('done') ?? null })
      expect(await store.delete('gone', { ifVersion: claimed.get('gone') ?? '' })).toBe('deleted')
      await pass(under, 4)
      expect(await claim(store)).toEqual([])
      expect(await store.get('done')).toBeDefined()
    }),
  )

  test(
    'keeps queues apart, and a key in one at a time',
    withStore(async (under) => {
      const { store } = under
      const version = await create(store, 'key', 'value', { due: { queue: 'one', inSeconds: 0 } })
      expect(await claim(store, 'on')).toEqual([])
      await mustPut(store, 'key', bytes('value'), { ifVersion: version, due: { queue: 'two', inSeconds: 0 } })
      expect(await claim(store, 'one')).toEqual([])
      expect(await claim(store, 'two')).toHaveLength(1)
    }),
  )

  test(
    'hands out at most as many as asked',
    withStore(async (under) => {
      const { store } = under
      for (const key of ['a', 'b', 'c']) await create(store, key, 'value', { due: { queue: 'queue', inSeconds: 0 } })
      const first = await claim(store, 'queue', 2)
      const second = await claim(store, 'queue', 2)
      expect([first.length, second.length]).toEqual([2, 1])
      expect(new Set([...first, ...second].map(({ key }) => key)).size).toBe(3)
    }),
  )

  test(
    'hands each key to one of many claimers, over two connections where there are two',
    withStore(async (under) => {
      const { store } = under
      const stores = [store, (await under.restart?.()) ?? store]
      const keys = Array.from({ length: 40 }, (_, index) => `key-${index}`)
      await Promise.all(keys.map((key) => create(store, key, 'value', { due: { queue: 'queue', inSeconds: 0 } })))
      const work = async (worker: number): Promise<readonly string[]> => {
        const mine: string[] = []
        // A store that returns the same key forever must fail here, not hang.
        while (mine.length <= keys.length) {
          const claimed = await claim(stores[worker % 2] ?? store, 'queue', 3, 60)
          if (claimed.length === 0) break
          mine.push(...claimed.map(({ key }) => key))
        }
        return mine
      }
      const all = (await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)))).flat()
      expect(all).toHaveLength(keys.length)
      expect(new Set(all)).toEqual(new Set(keys))
    }),
  )
}
