import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import type { Claim } from '../../../src/runs/claim-run.ts'
import { findOrCreateRun, findRun, recordCrash } from '../../../src/runs/find-run.ts'
import type { Entry } from '../../../src/runs/record.ts'
import type { RunStore } from '../../../src/runs/run-store.ts'
import {
  approved,
  claimRun,
  elsewhere,
  plainRecord,
  record,
  servers,
  tapped,
  testChannel,
  testClock,
  testLedger,
  told,
} from './harness.ts'

const draft = (slotKey: string) => ({
  binding: 'binding-1',
  slotKey,
  fits: () => true,
  record: (id: string) => record(id, { slots: [slotKey] }),
})

/** Approves the run and uses it up, as another slot would. */
async function useUp(runStore: RunStore, entry: Entry): Promise<void> {
  await (await claimRun(runStore, await approved(runStore, entry)))?.complete({ kind: 'json', value: 'once' })
}

/** Holds the first write to a key back until the test lets it go. */
function heldBack(key: string) {
  const clock = testClock()
  const store = memoryStore({ clock })
  const { promise: reached, resolve: reach } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  let held = false
  const slow = testLedger({
    clock,
    store: tapped(store, async (operation, at, next) => {
      if (operation === 'put' && at === key && !held) {
        held = true
        reach()
        await released
      }
      return next()
    }),
  }).runStore
  return { slow, fast: testLedger({ store, clock }).runStore, reached, release }
}

describe('one slot and binding, one record, ever (A1)', () => {
  test('two calls of one slot, while another slot uses up the record between them', async () => {
    const { slow, fast, reached, release } = heldBack('slot:s')
    const first = await findOrCreateRun(fast, draft('slot:other'))
    const late = findOrCreateRun(slow, draft('slot:s'))
    await reached
    await useUp(fast, first)
    const early = await findOrCreateRun(fast, draft('slot:s'))
    release()
    expect((await late).record.id).toBe(early.record.id)
    expect((await findRun(fast, 'slot:s'))?.record.id).toBe(early.record.id)
  })

  test('a caller that dies after its slot was decided, and the record is used up before anybody comes back', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const { runStore } = testLedger({ store, clock })
    const first = await findOrCreateRun(runStore, draft('slot:other'))
    let left = 1
    const dying = testLedger({
      clock,
      store: tapped(store, async (operation, _, next) => {
        if (operation === 'put' && left-- <= 0) throw new Error('killed')
        return next()
      }),
    }).runStore
    await expect(findOrCreateRun(dying, draft('slot:s'))).rejects.toThrow('killed')
    await useUp(runStore, first)
    const back = await findOrCreateRun(runStore, draft('slot:s'))
    expect(told(back.record)).toMatchObject({ id: first.record.id, state: 'completed' })
    expect((await findOrCreateRun(runStore, draft('slot:s'))).record.id).toBe(first.record.id)
  })

  test(
    verifies(
      'A1',
      'a hundred calls of one slot at once, on two ledgers over one store, whatever becomes of the record',
    ),
    async () => {
      const clock = testClock()
      const store = memoryStore({ clock })
      const ledgers = [testLedger({ store, clock }).runStore, testLedger({ store, clock }).runStore] as const
      const first = await findOrCreateRun(ledgers[0], draft('slot:other'))
      const calls = Array.from({ length: 100 }, async (_, index) => {
        if (index === 50) await useUp(ledgers[0], first)
        return (await findOrCreateRun(ledgers[index % 2 === 0 ? 0 : 1], draft('slot:s'))).record.id
      })
      expect(new Set(await Promise.all(calls)).size).toBe(1)
    },
  )
})

describe('a crash is noted of the runner that died, and of no other', () => {
  test('one that took over between the look at the lease and the note goes on', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const { runStore } = testLedger({ store, clock })
    const retrying = { ...draft('slot:a'), record: (id: string) => plainRecord(id, { retry: 'same_key' }) }
    const entry = await findOrCreateRun(runStore, { ...retrying, fits: undefined })
    const first = await claimRun(runStore, entry)
    clock.advance(61)
    let second: Claim | undefined
    const late = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) => {
        const found = await next()
        if (operation === 'get' && key.startsWith('lease:') && second === undefined) {
          const context = { authorizationServers: servers, clock }
          const other = testLedger({ store: elsewhere(store), clock }).runStore
          const settled = await advanceRun(other, first?.entry ?? entry, undefined, context)
          second = await claimRun(other, settled.entry)
        }
        return found
      }),
    }).runStore
    const noted = await recordCrash(late, first?.entry ?? entry)
    expect(second).toBeDefined()
    expect(told(noted.record)).toMatchObject({ state: 'running', runner: second?.entry.record.attempt?.runner })
  })
})

describe('a stale read', () => {
  test('asks no person again: a later caller finds the question sent', async () => {
    const { runStore, clock } = testLedger()
    const { channel, questions } = testChannel()
    const stale = await findOrCreateRun(runStore, draft('slot:1'))
    const context = { authorizationServers: servers, clock }
    for (let caller = 0; caller < 3; caller++) await advanceRun(runStore, stale, channel, context)
    expect(questions).toHaveLength(1)
    expect(told((await runStore.read(stale.record.id))?.record)).toMatchObject({ state: 'pending', sends: 1 })
  })
})
