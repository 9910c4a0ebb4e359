import { ConfigurationError, memoryStore, type Store } from '@behalf/core'
import { describe, expect, test } from 'vitest'
import { sealedStore } from '../../../src/records/sealed-store.ts'

// Long: three letters stand in sealed text by chance.
const name = ['tokens', 'a-readable-user']

/** A store that shows what it is given. */
function watched(): { readonly store: Store; readonly written: string[] } {
  const inner = memoryStore()
  const written: string[] = []
  const put: Store['put'] = (key, value, options) => {
    written.push(key, new TextDecoder().decode(value))
    return inner.put(key, value, options)
  }
  return { store: { ...inner, put, get: inner.get.bind(inner), delete: inner.delete.bind(inner) }, written }
}

describe('sealedStore', () => {
  test('gives back what was put, and shows the store neither name nor value', async () => {
    const { store, written } = watched()
    const sealed = sealedStore({ store, kind: 'mcp' })
    await sealed.put(name, { access_token: 'secret-1' }, { ifVersion: null })
    expect((await sealed.get(name))?.value).toEqual({ access_token: 'secret-1' })
    expect(written.join()).not.toMatch(/secret-1|a-readable-user|tokens/)
  })

  test('swaps by version, and keeps kinds apart', async () => {
    const store = memoryStore()
    const sealed = sealedStore({ store, kind: 'mcp' })
    const first = await sealed.put(name, 1, { ifVersion: null })
    expect(await sealed.put(name, 2, { ifVersion: null })).toBe('conflict')
    expect(await sealed.delete(name, { ifVersion: 'other' })).toBe('conflict')
    expect(await sealed.delete(name, { ifVersion: first })).toBe('deleted')
    await sealed.put(name, 3, { ifVersion: null })
    expect(await sealedStore({ store, kind: 'other' }).get(name)).toBeUndefined()
  })

  test('one works alone, and the next after it', async () => {
    const sealed = sealedStore({ store: memoryStore(), kind: 'mcp' })
    const seen: string[] = []
    const options = { seconds: 5, signal: AbortSignal.timeout(2000) }
    const work = (who: string) => async () => {
      seen.push(`${who} begins`)
      await new Promise((resolve) => setTimeout(resolve, 30))
      seen.push(`${who} ends`)
    }
    await Promise.all([sealed.alone(name, options, work('a')), sealed.alone(name, options, work('b'))])
    expect(seen.map((line) => line.split(' ')[1])).toEqual(['begins', 'ends', 'begins', 'ends'])
  })

  test('a durable store without keys is refused', () => {
    const store = { ...memoryStore(), durable: true }
    expect(() => sealedStore({ store, kind: 'mcp' })).toThrow(ConfigurationError)
    expect(() => sealedStore({ store, kind: 'mcp', key: 1 } as never)).toThrow(ConfigurationError)
  })
})
