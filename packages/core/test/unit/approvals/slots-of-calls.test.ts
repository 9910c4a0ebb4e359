import { expect, test } from 'vitest'
import type { RunDraft } from '../../../src/approvals/find-run.ts'
import { claimRun, findOrCreateRun, findRun, resolveCrash, slotKey } from '../../../src/approvals/index.ts'
import type { RunRecord } from '../../../src/approvals/record.ts'
import { keyedHash } from '../../../src/lib/index.ts'
import { memoryStore } from '../../../src/stores/index.ts'
import { plainRecord, record, tapped, testClock, testLedger } from './harness.ts'

const draft = (slotKey: string, over: Partial<RunRecord> = {}, make: typeof record = record): RunDraft => ({
  binding: 'binding-1',
  slotKey,
  adoptable: make === record,
  record: (id) => make(id, { slots: [slotKey], ...over }),
})

test('slots that begin alike are told apart by all that they are', async () => {
  const hash = keyedHash(new Uint8Array(32).fill(3))
  const slots = ['call-1', 'call-2', 'ca', ['c', 'a'], ['call-1', 'x'], ['call-1', 'y'], ['call-2', 'x']] as const
  const keys = await Promise.all(slots.map((slot) => slotKey(slot, 'b', hash)))
  expect(new Set(keys).size).toBe(slots.length)
})

test('a slot whose maker died before it wrote the record has no run yet', async () => {
  const clock = testClock()
  const store = memoryStore({ clock })
  const dying = tapped(store, async (operation, key, next) => {
    if (operation === 'put' && key.startsWith('run:')) throw new Error('killed')
    return next()
  })
  await expect(findOrCreateRun(testLedger({ store: dying, clock }).ledger, draft('slot:a'))).rejects.toThrow('killed')
  const { ledger } = testLedger({ store, clock })
  expect(await ledger.pointer('slot:a')).toBeDefined()
  expect(await findRun(ledger, 'slot:a')).toBeUndefined()
})

test('a slot that was told of a crash has a run of its own once somebody said what became of that (A5)', async () => {
  const { ledger, clock } = testLedger()
  const first = await findOrCreateRun(ledger, draft('slot:a', {}, plainRecord))
  await claimRun(ledger, first)
  clock.advance(61)
  const told = await findOrCreateRun(ledger, draft('slot:b', {}, plainRecord))
  expect(told.record).toMatchObject({ id: first.record.id, state: 'crashed' })
  await resolveCrash(ledger, told, 'ran', { kind: 'json', value: 'the first one' })
  const second = await findOrCreateRun(ledger, draft('slot:b', {}, plainRecord))
  expect(second.record.id).not.toBe(first.record.id)
  expect(second.record.state).toBe('approved')
})

test('an approval that is still usable is adopted', async () => {
  const { ledger } = testLedger()
  const usable = { state: 'approved', usableUntil: ledger.now() + 1 } as const
  const first = await findOrCreateRun(ledger, draft('slot:a', usable))
  expect((await findOrCreateRun(ledger, draft('slot:b'))).record.id).toBe(first.record.id)
})
