import { verifies } from '@behalf/testing/requirements'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { systemClock } from '../../../src/entrypoints/spi.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import { findOrCreateRun, runLease } from '../../../src/runs/find-run.ts'
import { pollForAnswer } from '../../../src/runs/poll-for-answer.ts'
import type { Entry } from '../../../src/runs/record.ts'
import {
  claimRun,
  elsewhere,
  plainRecord,
  record,
  servers,
  stateIn,
  tapped,
  testChannel,
  testLedger,
} from './harness.ts'

afterEach(() => {
  vi.useRealTimers()
})

const plain = (over: Parameters<typeof plainRecord>[1] = {}) => ({
  binding: 'binding-1',
  slotKey: 'slot:1',
  fits: undefined,
  record: (id: string) => plainRecord(id, over),
})

describe('the runner of a body (A2)', () => {
  test(verifies('A2', 'keeps its lease for as long as the body lives, and not longer'), async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const clock = { ...systemClock, advance: () => {} }
    let requests = 0
    const store = tapped(memoryStore(), (_, __, next) => {
      requests++
      return next()
    })
    const { runStore } = testLedger({ clock, store })
    const entry = await findOrCreateRun(runStore, plain())
    const claim = await claimRun(runStore, entry)
    await vi.advanceTimersByTimeAsync(300_000)
    expect(await runStore.isLeased(runLease(entry.record.id))).toBe(true)
    await claim?.complete({ kind: 'undefined' })
    expect(await runStore.isLeased(runLease(entry.record.id))).toBe(false)
    const before = requests
    await vi.advanceTimersByTimeAsync(300_000)
    expect(requests).toBe(before)
  })

  test(verifies('A2', 'has no say once another runner has taken its place'), async () => {
    const { runStore, clock, store } = testLedger()
    const entry = await findOrCreateRun(runStore, plain({ retry: 'same_key' }))
    const first = await claimRun(runStore, entry)
    clock.advance(61)
    const other = testLedger({ store: elsewhere(store), clock }).runStore
    const settled = await advanceRun(other, first?.entry ?? entry, undefined, { authorizationServers: servers, clock })
    const second = await claimRun(other, settled.entry)
    expect(second).toBeDefined()
    await first?.complete({ kind: 'json', value: 'the first one' })
    expect(stateIn((await runStore.read(entry.record.id))?.record)).toBe('running')
    await second?.complete({ kind: 'json', value: 'the second one' })
    expect((await runStore.read(entry.record.id))?.record.end).toMatchObject({
      result: { kind: 'json', value: 'the second one' },
    })
  })
})

describe('a record', () => {
  test('never goes back from its end, for any caller', async () => {
    const { runStore } = testLedger()
    const entry = await findOrCreateRun(runStore, plain())
    const claim = await claimRun(runStore, entry)
    await claim?.complete({ kind: 'undefined' })
    const ended = (await runStore.read(entry.record.id)) as Entry
    for (const state of ['approved', 'running', 'pending', 'denied'] as const) {
      await expect(
        runStore.update(ended, () => record(entry.record.id, { state })),
        state,
      ).rejects.toMatchObject({ code: 'ERR_STORE' })
    }
  })

  test('that was read before another process polled is not polled again too soon (A4)', async () => {
    const { runStore, clock } = testLedger()
    const { channel, looks } = testChannel()
    const context = { authorizationServers: servers, clock }
    const draft = { binding: 'binding-1', slotKey: 'slot:1', fits: () => true, record: (id: string) => record(id) }
    const asked = await advanceRun(runStore, await findOrCreateRun(runStore, draft), channel, context)
    clock.advance(5)
    await pollForAnswer(runStore, asked.entry, channel, context)
    await pollForAnswer(runStore, asked.entry, channel, context)
    expect(looks).toHaveLength(1)
  })

  test('that goes on being `pending` after its delivery ran out is asked again (A7)', async () => {
    const { runStore, clock } = testLedger()
    const { channel, questions } = testChannel()
    const context = { authorizationServers: servers, clock }
    const draft = { binding: 'binding-1', slotKey: 'slot:1', fits: () => true, record: (id: string) => record(id) }
    const settle = async () => advanceRun(runStore, await findOrCreateRun(runStore, draft), channel, context)
    await settle()
    clock.advance(299)
    expect((await settle()).status).toBe('pending')
    expect(questions).toHaveLength(1)
    clock.advance(5)
    expect((await settle()).status).toBe('pending')
    expect(questions).toHaveLength(2)
  })
})
