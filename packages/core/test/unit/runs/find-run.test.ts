import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { findOrCreateRun, findRun, startedRuns } from '../../../src/runs/find-run.ts'
import { stateOf } from '../../../src/runs/run-state.ts'
import { overStore } from '../records/over-store.ts'
import { approved, claimRun, plainRecord, record, testClock, testLedger } from './harness.ts'

const draft = (slotKey: string, over: { binding?: string; adoptable?: boolean } = {}) => {
  const { binding = 'binding-1', adoptable = true } = over
  const make = adoptable ? record : plainRecord
  const fits = adoptable ? () => true : undefined
  return { binding, slotKey, fits, record: (id: string) => make(id, { binding, slots: [slotKey] }) }
}

describe('find or create a run (A1)', () => {
  test('a hundred first calls at once create one record, under one slot or under many', async () => {
    const { runStore } = testLedger()
    const one = await Promise.all(Array.from({ length: 100 }, () => findOrCreateRun(runStore, draft('slot:same'))))
    expect(new Set(one.map((entry) => entry.record.id)).size).toBe(1)
    const many = await Promise.all(
      Array.from({ length: 40 }, (_, index) => findOrCreateRun(runStore, draft(`slot:${index}`, { binding: 'b2' }))),
    )
    expect(new Set(many.map((entry) => entry.record.id)).size).toBe(1)
  })

  test(verifies('A1', 'every slot that adopted a record finds it again'), async () => {
    const { runStore } = testLedger()
    const first = await findOrCreateRun(runStore, draft('slot:a'))
    const second = await findOrCreateRun(runStore, draft('slot:b'))
    expect(second.record.id).toBe(first.record.id)
    expect((await findRun(runStore, 'slot:b'))?.record.slots).toEqual(['slot:a', 'slot:b'])
  })

  test('runs without a question are never shared between slots', async () => {
    const { runStore } = testLedger()
    const ids = await Promise.all(
      ['slot:a', 'slot:b', 'slot:a'].map(
        async (slot) => (await findOrCreateRun(runStore, draft(slot, { adoptable: false }))).record.id,
      ),
    )
    expect(ids[0]).toBe(ids[2])
    expect(ids[1]).not.toBe(ids[0])
  })

  test(verifies('A1', 'a consumed record is not adopted: an equal call is a new question'), async () => {
    const { runStore } = testLedger()
    const first = await findOrCreateRun(runStore, draft('slot:a'))
    const claim = await claimRun(runStore, await approved(runStore, first))
    await claim?.complete({ kind: 'undefined' })
    const second = await findOrCreateRun(runStore, draft('slot:b'))
    expect(second.record.id).not.toBe(first.record.id)
    expect(stateOf(second.record)).toBe('requested')
  })

  test('a question past its time, and an approval past its use, are not adopted', async () => {
    const { runStore, clock } = testLedger()
    const first = await findOrCreateRun(runStore, draft('slot:a'))
    clock.advance(3600)
    const second = await findOrCreateRun(runStore, draft('slot:b'))
    expect(second.record.id).not.toBe(first.record.id)
    const approved = await findOrCreateRun(runStore, draft('slot:c', { binding: 'b3' }))
    const usableUntil = runStore.now() + 10
    await runStore.update(await runStore.update(approved, (r) => ({ ...r, state: 'pending' })), (r) => ({
      ...r,
      state: 'approved',
      usableUntil,
    }))
    clock.advance(10)
    const third = await findOrCreateRun(runStore, draft('slot:d', { binding: 'b3' }))
    expect(third.record.id).not.toBe(approved.record.id)
  })
})

describe('a crash between any two writes is repaired by the next reader', () => {
  /** A store that dies after so many writes. */
  const dyingAfter = (store: Store, writes: number): Store => {
    let left = writes
    return overStore(store, {
      put: async (key, value, options) => {
        if (left-- <= 0) throw new Error('killed')
        return store.put(key, value, options)
      },
    })
  }

  for (const adoptable of [true, false]) {
    test(`creating ${adoptable ? 'with' : 'without'} a question, killed after each number of writes`, async () => {
      let completed = false
      for (let writes = 0; !completed && writes < 10; writes++) {
        const clock = testClock()
        const store = memoryStore({ clock })
        const dying = testLedger({ store: dyingAfter(store, writes), clock }).runStore
        completed = await findOrCreateRun(dying, draft('slot:a', { adoptable })).then(
          () => true,
          () => false,
        )
        const { runStore } = testLedger({ store, clock })
        const repaired = await findOrCreateRun(runStore, draft('slot:a', { adoptable }))
        const again = await findOrCreateRun(runStore, draft('slot:a', { adoptable }))
        expect(repaired.record.slots).toEqual(['slot:a'])
        expect(again.record.id).toBe(repaired.record.id)
        expect((await findRun(runStore, 'slot:a'))?.record.id).toBe(repaired.record.id)
        const owned: unknown[] = []
        for await (const entry of runStore.ownedBy(repaired.record.by.owner)) owned.push(entry)
        expect(owned).toHaveLength(1)
      }
      expect(completed).toBe(true)
    })
  }
})

describe('crashed runs (A5)', () => {
  const running = async () => {
    const harness = testLedger()
    const entry = await findOrCreateRun(harness.runStore, draft('slot:a', { adoptable: false }))
    await claimRun(harness.runStore, entry)
    return { ...harness, entry }
  }

  test('an equal run whose lease ended is in doubt, among any number of equal runs', async () => {
    const { runStore, clock, entry } = await running()
    for (let index = 0; index < 150; index++) {
      const other = await findOrCreateRun(runStore, draft(`slot:other-${index}`, { adoptable: false }))
      await (await claimRun(runStore, other))?.complete({ kind: 'undefined' })
    }
    clock.advance(61)
    const { inDoubt } = await startedRuns(runStore, 'binding-1')
    expect(inDoubt.map(({ record }) => [record.id, stateOf(record)])).toEqual([[entry.record.id, 'crashed']])
  })

  test('a run whose lease lives is not in doubt', async () => {
    const { runStore, clock } = await running()
    clock.advance(59)
    expect((await startedRuns(runStore, 'binding-1')).inDoubt).toEqual([])
  })

  test('no other slot adopts a run in doubt, also where its own slot may run it again', async () => {
    const { runStore, clock } = testLedger()
    const retrying = (slotKey: string) => ({
      ...draft(slotKey),
      record: (id: string) => plainRecord(id, { slots: [slotKey], perCall: false, retry: 'same_key' }),
    })
    const entry = await findOrCreateRun(runStore, retrying('slot:a'))
    await claimRun(runStore, entry)
    clock.advance(61)
    expect((await findOrCreateRun(runStore, retrying('slot:b'))).record.id).not.toBe(entry.record.id)
  })
})
