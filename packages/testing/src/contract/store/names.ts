import { expect, test } from 'vitest'
import { create, text, type WithStore } from './store-under-test.ts'

/** Names that differ little from each other, in this order. Each is a separate name. */
const ODD = [
  '',
  '\0',
  '\0a',
  '\n',
  ' ',
  '"',
  '%',
  '(',
  '*',
  '+',
  '-',
  ':',
  '?',
  '[',
  '[a',
  '\\',
  '_',
  'a',
  'a\0',
  'a\0b',
  'aa',
  '{a}',
  '{b}',
  '\u007f',
  'a\u0308'.normalize('NFC'),
  '\u2028',
  '\uD7FF',
  '\uE000',
  '\uFEFFa',
  '\uFFFD',
  '\u{10000}',
  '\u{10FFFF}',
] as const

/** Names are text and nothing more: no pattern, no path, no command. */
export function nameTests(withStore: WithStore): void {
  test(
    'lists odd keys in the order of their code points',
    withStore(async ({ store }) => {
      for (const key of [...ODD].reverse()) await create(store, key, `value of ${key}`, { index: ['index'] })
      const listed = await store.list('index', { limit: 100 })
      expect(listed.map(({ key }) => key)).toEqual(ODD)
      for (const { key, value } of listed) expect(text(value)).toBe(`value of ${key}`)
      for (const [at, after] of ODD.entries()) {
        expect((await store.list('index', { after, limit: 1 })).map(({ key }) => key)).toEqual(
          ODD.slice(at + 1, at + 2),
        )
      }
    }),
  )

  test(
    'keeps odd keys, indexes, queues and counters apart',
    withStore(async (under) => {
      const { store } = under
      for (const name of ODD)
        await create(store, `key of ${name}`, 'value', { index: [name], due: { queue: name, inSeconds: 0 } })
      for (const [index, name] of ODD.entries()) {
        for (let count = 0; count < index; count++) await store.increment(name, { windowSeconds: 600 })
      }
      for (const [index, name] of ODD.entries()) {
        expect((await store.list(name, { limit: 10 })).map(({ key }) => key)).toEqual([`key of ${name}`])
        const claimed = await store.claimDue(name, { limit: 10, leaseSeconds: 60 })
        expect(claimed.map(({ key }) => key)).toEqual([`key of ${name}`])
        expect(await store.increment(name, { windowSeconds: 600 })).toBe(index + 1)
        expect(await store.delete(`key of ${name}`)).toBe('deleted')
        expect(await store.list(name, { limit: 10 })).toEqual([])
      }
    }),
  )

  test(
    'takes an index named twice as named once',
    withStore(async ({ store }) => {
      await create(store, 'key', 'value', { index: ['index', 'index'] })
      expect(await store.list('index', { limit: 10 })).toHaveLength(1)
      await store.delete('key')
      expect(await store.list('index', { limit: 10 })).toEqual([])
    }),
  )
}
