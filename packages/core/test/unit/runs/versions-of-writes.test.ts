import { expect, test } from 'vitest'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { findOrCreateRun } from '../../../src/runs/find-run.ts'
import { claimRun, record, tapped, testClock, testLedger } from './harness.ts'

test('every write says what it replaces: a version, or nothing', async () => {
  const clock = testClock()
  const store = memoryStore({ clock })
  const replaced: unknown[] = []
  const noting: Store = {
    ...tapped(store, (_, __, next) => next()),
    put: (key, value, options) => {
      replaced.push(options.ifVersion)
      return store.put(key, value, options)
    },
  }
  const { runStore } = testLedger({ store: noting, clock })
  const draft = (slotKey: string) => ({
    ...{ binding: 'binding-1', slotKey, fits: () => true },
    record: (id: string) => record(id, { state: 'approved', slots: [slotKey] }),
  })
  const entry = await findOrCreateRun(runStore, draft('slot:a'))
  await findOrCreateRun(runStore, draft('slot:b'))
  await (await claimRun(runStore, entry))?.complete({ kind: 'undefined' })
  expect(replaced.length).toBeGreaterThan(5)
  expect(replaced.filter((version) => version !== null && typeof version !== 'string')).toEqual([])
})
