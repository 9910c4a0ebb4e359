import { describeStore } from '@behalf/testing/contract'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/index.ts'
import { testClock } from '../runs/harness.ts'

describeStore('memory', {
  async create() {
    const clock = testClock()
    return {
      store: memoryStore({ clock }),
      now: () => clock.now() / 1000,
      advance: (seconds) => clock.advance(seconds),
      close: async () => {},
    }
  },
})

describe('the memory store is bounded', () => {
  test('a new key is refused when it is full of live ones, and nothing live is dropped', async () => {
    const clock = testClock()
    const store = memoryStore({ clock, maxEntries: 2 })
    const value = new Uint8Array([1])
    await store.put('a', value, { ifVersion: null, owner: 'ann' })
    await store.put('b', value, { ifVersion: null, expiresAt: clock.now() / 1000 + 10 })
    await expect(store.put('c', value, { ifVersion: null })).rejects.toMatchObject({
      reason: 'unavailable',
      retryable: true,
    })
    expect(await store.get('a')).toBeDefined()
    clock.advance(10)
    expect(await store.put('c', value, { ifVersion: null })).not.toBe('conflict')
  })

  test('an owner who has as many keys as are free is refused, and others are not', async () => {
    const clock = testClock()
    const store = memoryStore({ clock, maxEntries: 8 })
    const put = (key: string, owner?: string) =>
      store.put(key, new Uint8Array([1]), { ifVersion: null, expiresInSeconds: 10, ...(owner && { owner }) })
    const refusal = { reason: 'unavailable', message: expect.stringContaining('for one owner as many as are free') }
    for (let key = 0; key < 4; key++) await put(`ann ${key}`, 'ann')
    await expect(put('ann 4', 'ann')).rejects.toMatchObject(refusal)
    for (let key = 0; key < 2; key++) await put(`bob ${key}`, 'bob')
    await expect(put('bob 2', 'bob')).rejects.toMatchObject(refusal)
    await put('carol', 'carol')
    await put('of no owner')
    await expect(put('full', 'dave')).rejects.toMatchObject(refusal)
    clock.advance(10)
    await put('ann 4', 'ann')
  })

  test('keys without an owner count as those of one: they leave room for the keys of owners', async () => {
    const store = memoryStore({ clock: testClock(), maxEntries: 4 })
    const put = (key: string, owner?: string) =>
      store.put(key, new Uint8Array([1]), { ifVersion: null, ...(owner && { owner }) })
    await put('one')
    const second = await put('two')
    await expect(put('three')).rejects.toMatchObject({ reason: 'unavailable' })
    await put('of ann', 'ann')
    await store.delete('two', { ifVersion: second as string })
    await put('three')
  })

  test('a key stays its owner’s when it is written again, and is theirs no more when it is deleted', async () => {
    const store = memoryStore({ clock: testClock(), maxEntries: 4 })
    const put = (key: string, ifVersion: string | null, owner?: string) =>
      store.put(key, new Uint8Array([1]), { ifVersion, ...(owner && { owner }) })
    const first = await put('one', null, 'ann')
    await put('two', null, 'ann')
    await put('one', first)
    await expect(put('three', null, 'ann')).rejects.toMatchObject({ reason: 'unavailable' })
    await store.delete('one')
    expect(await put('three', null, 'ann')).not.toBe('conflict')
  })

  test('counters are bounded too', async () => {
    const store = memoryStore({ clock: testClock(), maxEntries: 1 })
    expect(await store.increment('a', { windowSeconds: 60 })).toBe(1)
    await expect(store.increment('b', { windowSeconds: 60 })).rejects.toMatchObject({ reason: 'unavailable' })
    expect(await store.increment('a', { windowSeconds: 60 })).toBe(2)
  })

  test('a wrong bound is refused at construction', () => {
    for (const maxEntries of [0, -1, 1.5, Number.NaN]) {
      expect(() => memoryStore({ maxEntries })).toThrow(/memoryStore\.maxEntries/)
    }
  })
})
