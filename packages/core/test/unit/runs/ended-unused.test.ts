import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import type { ApprovalSent } from '../../../src/runs/channels/approval-channel.ts'
import { endUnused } from '../../../src/runs/end-run.ts'
import type { Entry, RunRecord } from '../../../src/runs/record.ts'
import { type Made, plainRecord, record, stateIn, tapped, testChannel, testClock, testLedger, told } from './harness.ts'

const NOW = 1_800_000_000
const delivery = { state: { at: 'phone' }, interval: 5, nextPollAt: NOW, expiresAt: NOW + 300 }
const token = { value: 'the-token', scopes: ['trade:write'] }

async function kept(over: Made, { make = record, tap }: { make?: typeof record; tap?: Tapping } = {}) {
  const clock = testClock()
  const store = memoryStore({ clock })
  const entry = (await testLedger({ store, clock }).runStore.create(make('r', over))) as Entry
  const { runStore } = testLedger({ store: tap === undefined ? store : tap(store), clock })
  const cancelled: (ApprovalSent | string)[] = []
  const revoked: string[] = []
  const channel = {
    ...testChannel().channel,
    cancel: async (asked: ApprovalSent, { approvalId }: { readonly approvalId: string }) => {
      cancelled.push(approvalId, asked)
    },
  }
  const server = {
    revoke: async (value: string) => {
      revoked.push(value)
    },
  }
  const authorizationServers = { of: () => server, knows: () => true } as never
  const unasking = { channel, context: { authorizationServers, clock } }
  return {
    clock,
    runStore,
    entry,
    cancelled,
    revoked,
    unasking,
    channel,
    read: async () => (await runStore.read('r'))?.record,
  }
}
type Tapping = (store: Store) => Store

describe('an unused run is ended, and its channel and its server are notified', () => {
  test.each([
    ['requested', {}, [], []],
    ['pending', { delivery }, ['r', { state: { at: 'phone' }, interval: 5, expiresAt: NOW + 300 }], []],
    ['approved', { token }, [], ['the-token']],
  ] as const)('%s', async (state, over, unasked, givenBack) => {
    const { runStore, entry, cancelled, revoked, unasking } = await kept({ state, ...over })
    const { entry: ended, tell } = await endUnused(runStore, entry, 'cancelled')
    expect(told(ended.record)).toMatchObject({ state: 'cancelled', at: NOW, retry: 'never' })
    expect(told(ended.record)).not.toHaveProperty('token')
    expect(told(ended.record)).not.toHaveProperty('delivery')
    await tell(unasking)
    expect(cancelled).toEqual(unasked)
    expect(revoked).toEqual(givenBack)
  })

  test.each(['running', 'completed', 'threw', 'crashed', 'denied', 'expired', 'failed', 'revoked'] as const)(
    'a run that is %s stays as it is, and neither is notified',
    async (state) => {
      const { runStore, entry, cancelled, revoked, unasking } = await kept({ state, delivery, token })
      const { entry: same, tell } = await endUnused(runStore, entry, 'cancelled')
      await tell(unasking)
      expect([same, cancelled, revoked]).toEqual([entry, [], []])
    },
  )

  test('what began once and was to be tried again is not: what came of it is not known', async () => {
    const { runStore, entry } = await kept({ state: 'crashed', runner: 'a', retry: 'same_key', token })
    const { entry: ended } = await endUnused(runStore, entry, 'revoked')
    expect(told(ended.record)).toMatchObject({ state: 'crashed', retry: 'never', runner: 'a' })
    expect(told(ended.record)).not.toHaveProperty('token')
  })

  test.each([
    ['without a channel', {}, { channel: undefined }],
    ['with one that takes nothing back', {}, { channel: testChannel().channel }],
    ['without a question', { make: plainRecord }, {}],
  ] as const)('%s the record still ends', async (_, how, over) => {
    const { runStore, entry, unasking, cancelled, read } = await kept({ state: 'pending', delivery }, how)
    const { tell } = await endUnused(runStore, entry, 'cancelled')
    await tell({ ...unasking, ...over })
    expect(cancelled).toEqual([])
    expect(stateIn(await read())).toBe('cancelled')
  })

  test('a channel that fails keeps nothing from ending', async () => {
    const { runStore, entry, unasking, channel } = await kept({ state: 'pending', delivery })
    const { tell } = await endUnused(runStore, entry, 'cancelled')
    await tell({ ...unasking, channel: { ...channel, cancel: () => Promise.reject(new Error('gone')) } })
  })
})

describe('a write whose answer got lost', () => {
  const losing =
    (meanwhile?: (record: RunRecord) => RunRecord): Tapping =>
    (store) => {
      let lost = false
      return tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:') || lost) return next()
        lost = true
        const other = testLedger({ store, clock: testClock() }).runStore
        if (meanwhile === undefined) await next()
        else await other.update((await other.read('r')) as Entry, meanwhile)
        throw new StoreError('unavailable', 'the answer was lost')
      })
    }

  test('is told of all the same', async () => {
    const { runStore, entry, cancelled, unasking } = await kept({ state: 'pending', delivery }, { tap: losing() })
    await (await endUnused(runStore, entry, 'cancelled')).tell(unasking)
    expect(cancelled).toHaveLength(2)
  })

  test('and came too late takes nothing back', async () => {
    const tap = losing(() => record('r', { state: 'denied' }))
    const { runStore, entry, cancelled, unasking, read } = await kept({ state: 'pending', delivery }, { tap })
    await (await endUnused(runStore, entry, 'cancelled')).tell(unasking)
    expect(cancelled).toEqual([])
    expect(stateIn(await read())).toBe('denied')
  })
})
