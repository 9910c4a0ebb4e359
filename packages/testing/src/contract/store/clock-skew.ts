import { expect, test, vi } from 'vitest'
import { create, nowOf, type WithStore } from './store-under-test.ts'

const DAY = 86_400

/** Tests callers with different clocks: if machines share a store, only the store's clock counts. */
export function clockSkewTests(withStore: WithStore): void {
  test(
    'counts by its own clock, whatever the caller takes for the time',
    withStore(async (under) => {
      if (under.restart === undefined) {
        // A store that is not shared has one caller, and may use the caller's clock.
        expect(under.store.durable).toBe(false)
        return
      }
      const { store } = under
      for (const skew of [DAY, -DAY]) {
        const at = nowOf(under)
        const name = (what: string) => `${what} ${skew}`
        const queue = name('queue')
        const claim = () => store.claimDue(queue, { limit: 10, leaseSeconds: 30 })
        vi.setSystemTime((at + skew) * 1000)
        try {
          await create(store, name('until'), 'value', { expiresAt: at + 30 })
          await create(store, name('lease'), 'value', { expiresInSeconds: 30 })
          await create(store, name('over'), 'value', { expiresAt: at - 30 })
          await create(store, name('later'), 'value', { due: { queue, inSeconds: 30 } })
          await create(store, name('now'), 'value', { due: { queue, inSeconds: -1 } })
          expect(await store.get(name('until'))).toBeDefined()
          expect(await store.get(name('lease'))).toBeDefined()
          expect(await store.get(name('over'))).toBeUndefined()
          expect((await claim()).map(({ key }) => key)).toEqual([name('now')])
          expect(await claim()).toEqual([])
          expect(await store.increment(name('counter'), { windowSeconds: 30 })).toBe(1)
          expect(Math.abs((await store.now()) - at)).toBeLessThan(20)
        } finally {
          vi.useRealTimers()
        }
        // The same for a caller whose clock is right.
        expect(await claim()).toEqual([])
        expect(await store.get(name('lease'))).toBeDefined()
        expect(await store.increment(name('counter'), { windowSeconds: 30 })).toBe(2)
      }
    }),
  )
}
