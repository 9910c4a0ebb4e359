import { expect, test } from 'vitest'
import { keyedHash } from '../../../src/base/values/index.ts'
import type { Slot } from '../../../src/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { slotKey } from '../../../src/runs/binding.ts'
import { findOrCreateRun, findRun, type RunDraft } from '../../../src/runs/find-run.ts'
import { type Made, record, tapped, testClock, testLedger } from './harness.ts'

const hash = keyedHash(new Uint8Array(32).fill(3))

const keyOf = (slot: Slot, rawInput: string) =>
  slotKey(
    { identity: { kind: 'user', issuer: 'i', subject: 's', claims: {} }, agent: 'a', tool: 't', slot, rawInput },
    hash,
  )

const draft = (slotKey: string, over: Made = {}, make: typeof record = record): RunDraft => ({
  binding: 'binding-1',
  slotKey,
  fits: make === record ? () => true : undefined,
  record: (id) => make(id, { slots: [slotKey], ...over }),
})

test('slots that begin alike are told apart by all that they are', async () => {
  const slots = ['call-1', 'call-2', 'ca', ['c', 'a'], ['call-1', 'x'], ['call-1', 'y'], ['call-2', 'x']] as const
  const keys = await Promise.all(slots.map((slot) => keyOf(slot, 'b')))
  expect(new Set(keys).size).toBe(slots.length)
})

test('a slot whose maker died before it wrote the record has no run yet', async () => {
  const clock = testClock()
  const store = memoryStore({ clock })
  const dying = tapped(store, async (operation, key, next) => {
    if (operation === 'put' && key.startsWith('run:')) throw new Error('killed')
    return next()
  })
  await expect(findOrCreateRun(testLedger({ store: dying, clock }).runStore, draft('slot:a'))).rejects.toThrow('killed')
  const { runStore } = testLedger({ store, clock })
  expect(await runStore.pointers.read('slot:a')).toBeDefined()
  expect(await findRun(runStore, 'slot:a')).toBeUndefined()
})

test('an approval that is still usable is adopted', async () => {
  const { runStore } = testLedger()
  const usable = { state: 'approved', usableUntil: runStore.now() + 1 } as const
  const first = await findOrCreateRun(runStore, draft('slot:a', usable))
  expect((await findOrCreateRun(runStore, draft('slot:b'))).record.id).toBe(first.record.id)
})
