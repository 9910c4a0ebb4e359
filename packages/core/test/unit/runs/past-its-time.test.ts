import { describe, expect, test } from 'vitest'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import type { Entry, RunRecord } from '../../../src/runs/record.ts'
import type { RunState } from '../../../src/runs/run-state.ts'
import { stateOf } from '../../../src/runs/run-state.ts'
import { claimRun, plainRecord, record, servers, stateIn, testChannel, testLedger } from './harness.ts'

const NOW = 1_800_000_000
const END = 1_800_003_600
const delivery = { state: {}, interval: 5, nextPollAt: END + 9_000 }
const soon = { ...delivery, nextPollAt: END + 30 }

async function settled(made: RunRecord, at = NOW) {
  const { runStore, clock } = testLedger()
  const entry = (await runStore.create(made)) as Entry
  clock.advance(at - NOW)
  const { channel } = testChannel()
  return advanceRun(runStore, entry, channel, { authorizationServers: servers, clock })
}

describe('a question is over when its time is', () => {
  test.each([
    ['not sent, before', { state: 'requested' }, END - 1, 'pending'],
    ['not sent, at its end', { state: 'requested' }, END, 'expired'],
    ['sent, and to be polled while an answer counts', { state: 'pending', delivery: soon }, END + 29, 'pending'],
    ['sent, and to be polled when no answer counts', { state: 'pending', delivery }, END - 1, 'pending'],
    ['sent, and to be polled when no answer counts', { state: 'pending', delivery }, END, 'expired'],
    ['sent, and open before', { state: 'pending', delivery: { ...soon, pendingAt: END - 1 } }, END, 'pending'],
    ['sent, and open then', { state: 'pending', delivery: { ...soon, pendingAt: END } }, END, 'expired'],
    ['sent, and delivered for longer', { state: 'pending', delivery: { ...delivery, expiresAt: 9e9 } }, END, 'expired'],
  ] as const)('%s', async (_, over, at, state) => {
    expect(stateOf((await settled(record('r', over), at)).entry.record)).toBe(state)
  })

  test('and says so', async () => {
    const over = await settled(record('r'), END)
    expect(over).toMatchObject({ status: 'refused', code: 'approval_expired', why: expect.stringMatching(/expired/) })
  })

  test.each(['completed', 'threw', 'crashed', 'denied', 'failed', 'cancelled', 'revoked'] as const)(
    'what is %s stays so long after',
    async (state) => {
      expect(stateOf((await settled(record('r', { state }), END + 1)).entry.record)).toBe(state)
    },
  )
})

describe('an approval is usable until its time, and not at it', () => {
  const usableUntil = NOW + 100
  test.each([
    ['unused', { state: 'approved' }, 99, 'ready', 'approved'],
    ['unused', { state: 'approved' }, 100, 'refused', 'expired'],
    ['its runner died', { state: 'crashed', retry: 'same_key', runner: 'a' }, 99, 'ready', 'crashed'],
    ['its runner died', { state: 'crashed', retry: 'same_key', runner: 'a' }, 100, 'refused', 'crashed'],
    ['its runner died, and it is not retried', { state: 'crashed', runner: 'a' }, 99, 'refused', 'crashed'],
  ] as const)('%s: %j, after %i s', async (_, over, seconds, status, state) => {
    const made = record('r', { ...over, usableUntil })
    const left = await settled(made, NOW + seconds)
    expect([left.status, stateOf(left.entry.record)]).toEqual([status, state])
  })

  test.each([
    [99, 'running'],
    [100, undefined],
  ])('a claim after %i s', async (seconds, state) => {
    const { runStore, clock } = testLedger()
    const entry = (await runStore.create(record('r', { state: 'approved', usableUntil }))) as Entry
    clock.advance(seconds)
    expect(stateIn((await claimRun(runStore, entry))?.entry.record)).toBe(state)
  })

  test('without an end it stays usable', async () => {
    const { runStore, clock } = testLedger()
    const entry = (await runStore.create(plainRecord('r'))) as Entry
    clock.advance(24 * 3600)
    expect(stateIn((await claimRun(runStore, entry))?.entry.record)).toBe('running')
  })
})

test.each(['requested', 'pending', 'completed', 'denied', 'revoked'] satisfies RunState[])(
  'a run that is %s cannot be claimed',
  async (state) => {
    const { runStore } = testLedger()
    const entry = (await runStore.create(record('r', { state, usableUntil: END }))) as Entry
    expect(await claimRun(runStore, entry)).toBeUndefined()
    expect(stateIn((await runStore.read('r'))?.record)).toBe(state)
  },
)

test('what a run gave is told even where nothing was kept of it', async () => {
  expect(await settled(record('r', { state: 'completed' }))).toMatchObject({
    status: 'replay',
    result: { kind: 'undefined' },
  })
})

test.each([
  ['requested', {}],
  ['pending', { delivery: { ...delivery, nextPollAt: NOW } }],
] as const)('without a channel, what is %s stays so', async (state, over) => {
  const { runStore, clock } = testLedger()
  const entry = (await runStore.create(record('r', { state, ...over }))) as Entry
  const left = await advanceRun(runStore, entry, undefined, { authorizationServers: servers, clock })
  expect([left.status, stateOf(left.entry.record)]).toEqual(['pending', state])
})
