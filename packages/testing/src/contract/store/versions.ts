import { expect, test } from 'vitest'
import { bytes, create, mustPut, text, type WithStore } from './store-under-test.ts'

/** Tests compare-and-swap. */
export function versionTests(withStore: WithStore): void {
  test(
    'creates only what is absent',
    withStore(async ({ store }) => {
      const version = await create(store, 'key', 'first')
      expect(await store.put('key', bytes('second'), { ifVersion: null })).toBe('conflict')
      expect(await store.get('key')).toMatchObject({ version })
      expect(text((await store.get('key'))?.value)).toBe('first')
    }),
  )

  test(
    'replaces only the version that is named',
    withStore(async ({ store }) => {
      const first = await create(store, 'key', 'first')
      const second = await mustPut(store, 'key', bytes('second'), { ifVersion: first })
      expect(second).not.toBe(first)
      expect(await store.put('key', bytes('third'), { ifVersion: first })).toBe('conflict')
      expect(text((await store.get('key'))?.value)).toBe('second')
    }),
  )

  test(
    'changes the version even where the value stays',
    withStore(async ({ store }) => {
      const first = await create(store, 'key', 'same')
      const second = await mustPut(store, 'key', bytes('same'), { ifVersion: first })
      expect(second).not.toBe(first)
    }),
  )

  test(
    'replaces nothing where nothing is',
    withStore(async ({ store }) => {
      const version = await create(store, 'other')
      expect(await store.put('absent', bytes('value'), { ifVersion: version })).toBe('conflict')
      expect(await store.get('absent')).toBeUndefined()
    }),
  )

  test(
    'never gives a version again after a delete',
    withStore(async ({ store }) => {
      const first = await create(store, 'key', 'value')
      await store.delete('key')
      expect(await create(store, 'key', 'value')).not.toBe(first)
      expect(await store.put('key', bytes('late'), { ifVersion: first })).toBe('conflict')
      expect(await store.delete('key', { ifVersion: first })).toBe('conflict')
    }),
  )

  test(
    'deletes an absent key without a version, and not with one',
    withStore(async ({ store }) => {
      expect(await store.delete('absent')).toBe('deleted')
      expect(await store.delete('absent', { ifVersion: 'any' })).toBe('conflict')
    }),
  )

  test(
    'deletes only the version that is named',
    withStore(async ({ store }) => {
      const first = await create(store, 'key', 'first')
      const second = await mustPut(store, 'key', bytes('second'), { ifVersion: first })
      expect(await store.delete('key', { ifVersion: first })).toBe('conflict')
      expect(await store.get('key')).toMatchObject({ version: second })
      expect(await store.delete('key', { ifVersion: second })).toBe('deleted')
      expect(await store.get('key')).toBeUndefined()
    }),
  )

  test(
    'lets one of many creators through',
    withStore(async ({ store }) => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, index) => store.put('key', bytes(String(index)), { ifVersion: null })),
      )
      const winners = answers.flatMap((answer, index) => (answer === 'conflict' ? [] : [String(index)]))
      expect(winners).toHaveLength(1)
      expect(text((await store.get('key'))?.value)).toBe(winners[0])
    }),
  )

  test(
    'loses no update of many that compete, over two connections where there are two',
    withStore(async ({ store, restart }) => {
      const stores = [store, (await restart?.()) ?? store]
      await create(store, 'sum', '0')
      const addOne = async (worker: number): Promise<void> => {
        const mine = stores[worker % 2] ?? store
        // In each round one worker wins, so 30 rounds are enough for all; slow reads need some more.
        for (let round = 0; round < 500; round++) {
          const found = await mine.get('sum')
          const next = bytes(String(Number(text(found?.value)) + 1))
          if ((await mine.put('sum', next, { ifVersion: found?.version ?? null })) !== 'conflict') return
        }
      }
      await Promise.all(Array.from({ length: 30 }, (_, worker) => addOne(worker)))
      expect(text((await store.get('sum'))?.value)).toBe('30')
    }),
  )
}
