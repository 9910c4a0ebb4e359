import { describeStore } from '@behalf/testing/contract'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/index.ts'
import { testClock } from '../approvals/harness.ts'

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
    await store.put('a', value, { ifVersion: null })
    await store.put('b', value, { ifVersion: null, expiresAt: clock.now() / 1000 + 10 })
    await expect(store.put('c', value, { ifVersion: null })).rejects.toMatchObject({
      reason: 'unavailable',
      retryable: true,
    })
    expect(await store.get('a')).toBeDefined()
    clock.advance(10)
    expect(await store.put('c', value, { ifVersion: null })).not.toBe('conflict')
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
