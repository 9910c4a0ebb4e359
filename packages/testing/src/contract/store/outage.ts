import { expect, test, vi } from 'vitest'
import { bytes, create, type StoreUnderTest, text } from './store-under-test.ts'

/** A store whose server a test can interrupt. */
export interface InterruptibleStore extends StoreUnderTest {
  /** Makes all writes fail from now on. */
  interrupt(): Promise<void>
  /** Makes writes possible again, perhaps after a moment. */
  mend(): Promise<void>
}

/** An outage to test. */
export interface StoreOutage {
  /** Kind of the outage, for the title: `hangs`, `refuses`. */
  readonly name: string
  /** Makes a fresh, empty store for each test, whose server the test can interrupt. */
  readonly create: () => Promise<InterruptibleStore>
  /** Maximum time of a call during the outage, in milliseconds. */
  readonly withinMs: number
}

const unavailable = { code: 'ERR_STORE', reason: 'unavailable', retryable: true }

/** Longer than a store needs to reconnect, in milliseconds. */
const PATIENCE = 10_000

/** Tests that a store reports an outage as one, soon, and never as an answer. */
export function outageTests({ name, create: open, withinMs }: StoreOutage): void {
  test(`a server that ${name}: writes reject as unavailable, within a bounded time; reads tell the truth or reject`, async () => {
    const under = await open()
    const { store } = under
    try {
      const due = { queue: 'queue', inSeconds: 0 }
      const version = await create(store, 'key', 'value', { index: ['index'], due })
      await create(store, 'other', 'value')
      await under.interrupt()
      const began = performance.now()
      const timed = <Result>(call: Promise<Result>) =>
        call.then(
          (value) => ({ value, error: undefined, took: performance.now() - began }),
          (error: unknown) => ({ value: undefined, error, took: performance.now() - began }),
        )
      const [got, listed, ...writes] = await Promise.all([
        timed(store.get('key')),
        timed(store.list('index', { limit: 1 })),
        timed(store.put('key', bytes('next'), { ifVersion: version })),
        timed(store.put('new', bytes('value'), { ifVersion: null })),
        timed(store.delete('other')),
        timed(store.claimDue('queue', { limit: 1, leaseSeconds: 60 })),
        timed(store.increment('counter', { windowSeconds: 60 })),
      ])
      for (const { error, took } of writes) {
        expect(error).toMatchObject(unavailable)
        expect(took).toBeLessThan(withinMs)
      }
      const reads = [
        [got, got.value],
        [listed, listed.value?.[0]],
      ] as const
      for (const [{ error, took }, found] of reads) {
        if (error !== undefined) expect(error).toMatchObject(unavailable)
        else expect(found).toMatchObject({ key: 'key', version })
        expect(took).toBeLessThan(withinMs)
      }
    } finally {
      await under.mend()
      await under.close()
    }
  })

  test(`a server that ${name}: once it is back, a write that was not answered has been made whole or not at all`, async () => {
    const under = await open()
    const { store } = under
    try {
      const before = await create(store, 'key', 'before', { index: ['before'] })
      await under.interrupt()
      const write = store.put('key', bytes('after'), { ifVersion: before, index: ['after'] })
      await expect(write).rejects.toMatchObject(unavailable)
      await under.mend()
      // A caller must do the same: read the key again, and compare.
      const found = await vi.waitFor(() => store.get('key'), { timeout: PATIENCE })
      const state = text(found?.value) ?? ''
      expect(['before', 'after']).toContain(state)
      expect(found?.version === before).toBe(state === 'before')
      for (const index of ['before', 'after']) {
        expect(await store.list(index, { limit: 1 })).toHaveLength(index === state ? 1 : 0)
      }
      const again = await store.put('key', bytes('again'), { ifVersion: found?.version ?? null })
      expect(again).not.toBe('conflict')
    } finally {
      await under.close()
    }
  })
}
