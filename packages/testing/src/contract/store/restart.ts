import { expect, test } from 'vitest'
import { create, nowOf, text, type WithStore } from './store-under-test.ts'

/** Tests the records that outlive the process. A store that cannot restart must say that it is not durable. */
export function restartTests(withStore: WithStore): void {
  test(
    'keeps records, indexes, queues, leases and counters over a restart',
    withStore(async (under) => {
      if (under.restart === undefined) {
        expect(under.store.durable).toBe(false)
        return
      }
      const { store } = under
      const at = nowOf(under)
      const version = await create(store, 'record', 'value', { index: ['index'], expiresAt: at + 3600 })
      await create(store, 'due', 'value', { due: { queue: 'queue', inSeconds: 0 } })
      await create(store, 'leased', 'value', { due: { queue: 'leases', inSeconds: 0 } })
      await store.claimDue('leases', { limit: 1, leaseSeconds: 600 })
      await store.increment('counter', { windowSeconds: 600 })
      const again = await under.restart()
      expect(again.durable).toBe(true)
      expect(await again.get('record')).toMatchObject({ version })
      expect(text((await again.list('index', { limit: 1 }))[0]?.value)).toBe('value')
      expect(await again.claimDue('leases', { limit: 1, leaseSeconds: 600 })).toEqual([])
      expect(await again.claimDue('queue', { limit: 1, leaseSeconds: 600 })).toHaveLength(1)
      expect(await again.increment('counter', { windowSeconds: 600 })).toBe(2)
    }),
  )
}
