import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { findOrCreateRun, findRun, type RunDraft, recordCrash } from '../../../src/runs/find-run.ts'
import type { Entry } from '../../../src/runs/record.ts'
import { claimRun, type Made, plainRecord, record, tapped, testClock, testLedger, told } from './harness.ts'

const draft = (slotKey: string, over: Made = {}, make: typeof record = record): RunDraft => ({
  binding: 'binding-1',
  slotKey,
  fits: () => true,
  record: (id) => make(id, { slots: [slotKey], ...over }),
})

test('an unopened slot has no run', async () => {
  expect(await findRun(testLedger().runStore, 'slot:unknown')).toBeUndefined()
})

test('a slot keeps its own run, also where an equal one of another slot has crashed (A5)', async () => {
  const { runStore, clock } = testLedger()
  const alone = (slotKey: string): RunDraft => ({ ...draft(slotKey, {}, plainRecord), fits: undefined })
  const first = await findOrCreateRun(runStore, alone('slot:a'))
  await (await claimRun(runStore, first))?.complete({ kind: 'undefined' })
  const second = await findOrCreateRun(runStore, alone('slot:b'))
  await claimRun(runStore, second)
  clock.advance(61)
  expect((await findOrCreateRun(runStore, alone('slot:a'))).record.id).toBe(first.record.id)
})

describe('an open run of an equal call is adopted, and no other (A1)', () => {
  test.each([
    ['not asked', {}, record, true],
    ['asked', { state: 'pending' }, record, true],
    ['approved, unused', { state: 'approved' }, record, true],
    ['without a question', { perCall: false }, plainRecord, true],
    ['of a policy that asks for each call', { perCall: true }, record, false],
    ['denied', { state: 'denied' }, record, false],
    ['cancelled', { state: 'cancelled' }, record, false],
    ['failed', { state: 'failed' }, record, false],
  ] as const)('%s', async (_, over, make, isAdopted) => {
    const { runStore } = testLedger()
    const first = await findOrCreateRun(runStore, draft('slot:a', over, make))
    const second = await findOrCreateRun(runStore, draft('slot:b'))
    expect(second.record.id === first.record.id).toBe(isAdopted)
  })
})

describe('the slots that a record lists', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `slot:${index}`)
  test.each([
    [99, 100],
    [100, 1],
  ])('of %i; a run with one more slot has %i', async (before, after) => {
    const { runStore } = testLedger()
    await findOrCreateRun(runStore, draft('slot:0', { slots: many(before) }))
    const joined = await findOrCreateRun(runStore, draft('slot:new'))
    expect(joined.record.slots).toHaveLength(after)
    expect((await findRun(runStore, 'slot:new'))?.record.id).toBe(joined.record.id)
  })

  test('each once', async () => {
    const { runStore } = testLedger()
    for (const slot of ['slot:a', 'slot:b', 'slot:a']) await findOrCreateRun(runStore, draft(slot))
    expect((await findRun(runStore, 'slot:a'))?.record.slots).toEqual(['slot:a', 'slot:b'])
  })
})

test('a crash is not noted of a run that ended since it was read', async () => {
  const { runStore } = testLedger()
  const claim = await claimRun(runStore, (await runStore.create(plainRecord('r'))) as Entry)
  const running = (await runStore.read('r')) as Entry
  await claim?.complete({ kind: 'json', value: 1 })
  expect(told((await recordCrash(runStore, running)).record)).toMatchObject({
    state: 'completed',
    result: { value: 1 },
  })
})

describe('a record that cannot be made', () => {
  const failing = (error: unknown) => {
    const clock = testClock()
    const store = memoryStore({ clock })
    let tries = 0
    const { runStore } = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:')) return next()
        tries++
        throw error
      }),
    })
    return { runStore, tries: () => tries }
  }

  test.each([
    // Each answer that was lost is looked up first.
    ['a store that is away', 3, new StoreError('unavailable', 'down')],
    ['a store that refuses', 1, new StoreError('corrupt', 'no')],
    ['a fault', 1, new Error('killed')],
  ])('%s is told as it is, after %i tries', async (_, times, error) => {
    const { runStore, tries } = failing(error)
    await expect(findOrCreateRun(runStore, draft('slot:a'))).rejects.toBe(error)
    expect(tries()).toBe(times)
  })

  test('since another made it meanwhile, is read', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const other = testLedger({ store, clock }).runStore
    let isFirst = true
    const { runStore } = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:') || !isFirst) return next()
        isFirst = false
        await findOrCreateRun(other, draft('slot:a', { tool: 'made by another' }))
        return next()
      }),
    })
    expect((await findOrCreateRun(runStore, draft('slot:a'))).record.tool).toBe('made by another')
  })
})
