import { expect, test } from 'vitest'
import { bytes, create, mustPut, type WithStore } from './store-under-test.ts'

/** Tests that walk through an index while others write: a walk takes many calls. */
export function pagingTests(withStore: WithStore): void {
  test(
    'meets each key that stays once, whatever is written during the walk',
    withStore(async (under) => {
      const { store } = under
      const writer = (await under.restart?.()) ?? store
      const index = ['index']
      const staying = Array.from({ length: 40 }, (_, at) => `key-${String(at).padStart(3, '0')}-stays`)
      for (const key of staying) await create(store, key, 'value', { index })
      const met: string[] = []
      for (let after: string | undefined, round = 0; round < 100; round++) {
        const page = await store.list('index', { limit: 3, ...(after !== undefined && { after }) })
        if (page.length === 0) break
        met.push(...page.map(({ key }) => key))
        after = page.at(-1)?.key
        // Before and after the reader's position, some keys are created and some deleted. A key that was read is
        // written again.
        await create(writer, `key-${String(round % 40).padStart(3, '0')}-came-${round}`, 'value', { index })
        await writer.delete(`key-${String((round * 7) % 40).padStart(3, '0')}-came-${round - 1}`)
        const rewritten = await writer.get(staying[round % 40] ?? '')
        await mustPut(writer, staying[round % 40] ?? '', bytes('again'), {
          ifVersion: rewritten?.version ?? null,
          index,
        })
      }
      expect(met.filter((key) => key.endsWith('-stays'))).toEqual(staying)
      expect(new Set(met).size).toBe(met.length)
      expect(met).toEqual([...met].sort())
    }),
  )

  test(
    'lists live keys only, however many have expired between them',
    withStore(async ({ store }) => {
      const index = ['index']
      for (let at = 0; at < 60; at++) {
        await create(store, `key-${String(at).padStart(2, '0')}`, 'value', {
          index,
          ...(at % 20 !== 19 && { expiresAt: 1 }),
        })
      }
      const listed = await store.list('index', { limit: 2 })
      expect(listed.map(({ key }) => key)).toEqual(['key-19', 'key-39'])
      expect((await store.list('index', { limit: 2, after: 'key-39' })).map(({ key }) => key)).toEqual(['key-59'])
    }),
  )
}
