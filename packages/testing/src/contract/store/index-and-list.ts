import { expect, test } from 'vitest'
import { bytes, create, mustPut, text, type WithStore } from './store-under-test.ts'

/** Tests finding keys by index names. */
export function indexTests(withStore: WithStore): void {
  test(
    'lists keys in order, page by page, each once',
    withStore(async ({ store }) => {
      const keys = Array.from({ length: 25 }, (_, index) => `key-${String(index).padStart(2, '0')}`)
      // Written in another order than the expected one.
      for (const key of [...keys].reverse()) await create(store, key, `value of ${key}`, { index: ['index'] })
      const pages: string[][] = []
      for (let after: string | undefined; pages.length < 5; ) {
        const page = await store.list('index', { limit: 10, ...(after !== undefined && { after }) })
        if (page.length === 0) break
        pages.push(page.map((found) => found.key))
        after = page.at(-1)?.key
      }
      expect(pages.map((page) => page.length)).toEqual([10, 10, 5])
      expect(pages.flat()).toEqual(keys)
    }),
  )

  test(
    'begins strictly after a key, whether or not that key is there',
    withStore(async ({ store }) => {
      for (const key of ['a', 'c', 'e']) await create(store, key, 'value', { index: ['index'] })
      const after = async (key: string) => (await store.list('index', { after: key, limit: 10 })).map(({ key }) => key)
      expect(await after('c')).toEqual(['e'])
      expect(await after('b')).toEqual(['c', 'e'])
      expect(await after('e')).toEqual([])
    }),
  )

  test(
    'lists values and versions as they are now',
    withStore(async ({ store }) => {
      const first = await create(store, 'key', 'first', { index: ['index'] })
      const version = await mustPut(store, 'key', bytes('second'), { ifVersion: first, index: ['index'] })
      const [found] = await store.list('index', { limit: 10 })
      expect(found).toMatchObject({ key: 'key', version })
      expect(text(found?.value)).toBe('second')
    }),
  )

  test(
    'finds a key under each of its names, and under those of the last write only',
    withStore(async ({ store }) => {
      const names = async () => {
        const found = await Promise.all(['one', 'two', 'three'].map((name) => store.list(name, { limit: 10 })))
        return found.map((list) => list.length)
      }
      const first = await create(store, 'key', 'value', { index: ['one', 'two'] })
      expect(await names()).toEqual([1, 1, 0])
      const second = await mustPut(store, 'key', bytes('value'), { ifVersion: first, index: ['two', 'three'] })
      expect(await names()).toEqual([0, 1, 1])
      const third = await mustPut(store, 'key', bytes('value'), { ifVersion: second })
      expect(await names()).toEqual([0, 0, 0])
      await mustPut(store, 'key', bytes('value'), { ifVersion: third, index: ['one'] })
      await store.delete('key')
      expect(await names()).toEqual([0, 0, 0])
    }),
  )

  test(
    'keeps its names when a write meets a conflict',
    withStore(async ({ store }) => {
      await create(store, 'key', 'value', { index: ['one'] })
      expect(await store.put('key', bytes('other'), { ifVersion: null, index: ['two'] })).toBe('conflict')
      expect(await store.list('one', { limit: 10 })).toHaveLength(1)
      expect(await store.list('two', { limit: 10 })).toHaveLength(0)
    }),
  )

  test(
    'keeps index names apart, however alike',
    withStore(async ({ store }) => {
      const names = ['a', 'ab', 'a:', 'a%', 'a*', 'A', "a'; --"]
      for (const name of names) await create(store, `key of ${name}`, 'value', { index: [name] })
      for (const name of names) {
        expect((await store.list(name, { limit: 10 })).map(({ key }) => key)).toEqual([`key of ${name}`])
      }
    }),
  )
}
