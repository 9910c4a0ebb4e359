import { afterEach, describe, expect, test, vi } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import { systemClock } from '../../../src/entrypoints/spi.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import { findOrCreateRun, runLease } from '../../../src/runs/find-run.ts'
import type { RunRecord } from '../../../src/runs/record.ts'
import { stateOf } from '../../../src/runs/run-state.ts'
import {
  claimRun,
  plainRecord,
  record,
  servers,
  stateIn,
  tapped,
  testChannel,
  testClock,
  testLedger,
  told,
} from './harness.ts'

afterEach(() => {
  vi.useRealTimers()
})

const plain = { binding: 'b', slotKey: 'slot:1', fits: undefined, record: (id: string) => plainRecord(id) }
const asking = { binding: 'b', slotKey: 'slot:1', fits: () => true, record: (id: string) => record(id) }
/** The same, by the system's clock. */
const askingNow = {
  ...asking,
  record: (id: string) => {
    const { question, ...rest } = record(id)
    return { ...rest, ...(question && { question: { ...question, expiresAt: Date.now() / 1000 + 3600 } }) }
  },
}

describe('leases count on the store’s clock (A2)', () => {
  test.each([-600, 600])(
    'a process whose clock is off by %i s takes, keeps and honours them as any other',
    async (skew) => {
      const clock = testClock()
      const store = memoryStore({ clock })
      const skewed = testLedger({ store, clock: { ...clock, now: () => clock.now() + skew * 1000 } }).runStore
      const { runStore } = testLedger({ store, clock })
      const entry = await findOrCreateRun(runStore, plain)
      expect(await claimRun(skewed, entry)).toBeDefined()
      clock.advance(59)
      expect(await runStore.isLeased(runLease(entry.record.id))).toBe(true)
      expect(
        stateOf((await advanceRun(runStore, entry, undefined, { authorizationServers: servers, clock })).entry.record),
      ).toBe('approved')
      const context = { authorizationServers: servers, clock }
      const running = await runStore.read(entry.record.id)
      expect(running && (await advanceRun(runStore, running, undefined, context)).status).toBe('busy')
      clock.advance(2)
      expect(running && (await advanceRun(skewed, running, undefined, context)).status).toBe('refused')
    },
  )

  test('a holder survives a store that is down at a renewal, and one that loses the renewal’s answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const store = memoryStore()
    let fault: 'none' | 'down' | 'lost' = 'none'
    const { runStore } = testLedger({
      clock: { ...systemClock, advance: () => {} },
      store: tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('lease:') || fault === 'none') return next()
        if (fault === 'lost') await next()
        throw new StoreError('unavailable', fault)
      }),
    })
    const entry = await findOrCreateRun(runStore, plain)
    await claimRun(runStore, entry)
    for (const next of ['down', 'none', 'lost', 'none', 'none', 'none'] as const) {
      fault = next
      await vi.advanceTimersByTimeAsync(21_000)
      expect(await runStore.isLeased(runLease(entry.record.id)), next).toBe(true)
    }
    fault = 'down'
    await vi.advanceTimersByTimeAsync(90_000)
    fault = 'none'
    await vi.advanceTimersByTimeAsync(21_000)
    expect(await runStore.isLeased(runLease(entry.record.id))).toBe(true)
  })
})

describe('asking and looking under a lease', () => {
  test('one that takes longer than the lease lets no second sender in', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const { runStore } = testLedger({ clock: { ...systemClock, advance: () => {} }, store: memoryStore() })
    const { channel, questions, failsToAsk } = testChannel()
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    const { promise: sent, resolve: send } = Promise.withResolvers<void>()
    failsToAsk(() => {
      send()
      return answered
    })
    const context = { authorizationServers: servers, clock: systemClock }
    const entry = await findOrCreateRun(runStore, askingNow)
    const first = advanceRun(runStore, entry, channel, context)
    await sent
    await vi.advanceTimersByTimeAsync(50_000)
    expect((await advanceRun(runStore, entry, channel, context)).status).toBe('pending')
    answer()
    expect(told((await first).entry.record)).toMatchObject({ state: 'pending', sends: 1 })
    expect(questions).toHaveLength(1)
  })

  test('one that never ends is given up, its signal aborted, and the next caller asks', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const { runStore } = testLedger({ clock: { ...systemClock, advance: () => {} }, store: memoryStore() })
    let signal: AbortSignal | undefined
    const { promise: sent, resolve: send } = Promise.withResolvers<void>()
    const { channel } = testChannel()
    const stuck = {
      ...channel,
      ask: (_: unknown, context: { readonly signal?: AbortSignal | undefined }) => {
        signal = context.signal
        send()
        return new Promise<never>(() => {})
      },
    }
    const context = { authorizationServers: servers, clock: systemClock }
    const entry = await findOrCreateRun(runStore, askingNow)
    const first = advanceRun(runStore, entry, stuck, context).catch((error: unknown) => error)
    await sent
    await vi.advanceTimersByTimeAsync(61_000)
    expect(await first).toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(signal?.aborted).toBe(true)
    expect(stateOf((await advanceRun(runStore, entry, channel, context)).entry.record)).toBe('pending')
  })

  test('an abort neither sends what was not sent, nor drops the answer to what was', async () => {
    const { runStore, clock } = testLedger()
    const { channel, questions, failsToAsk } = testChannel()
    const controller = new AbortController()
    const context = { authorizationServers: servers, clock, signal: controller.signal }
    const entry = await findOrCreateRun(runStore, asking)
    const gone = { ...context, signal: AbortSignal.abort(new Error('left before')) }
    await expect(advanceRun(runStore, entry, channel, gone)).rejects.toThrow('left before')
    expect(questions).toHaveLength(0)
    failsToAsk(() => controller.abort(new Error('left')))
    expect(stateOf((await advanceRun(runStore, entry, channel, context)).entry.record)).toBe('pending')
    expect(questions).toHaveLength(1)
    clock.advance(10)
    const pending = await runStore.read(entry.record.id)
    await expect(pending && advanceRun(runStore, pending, channel, context)).rejects.toThrow('left')
  })
})

describe('a store that did what was asked and lost the answer', () => {
  /** Loses the answer to the first write to a key, once; `other` is what another process sees. */
  const losing = (prefix: string, onState: (record: RunRecord) => void = () => {}) => {
    const clock = testClock()
    const store = memoryStore({ clock })
    let lost = false
    const unreliable = tapped(store, async (operation, key, next) => {
      const answer = await next()
      if (operation !== 'put' || !key.startsWith(prefix) || lost) return answer
      lost = true
      throw new StoreError('unavailable', 'the answer was lost')
    })
    const { runStore } = testLedger({ store: unreliable, clock, onState })
    return { runStore, clock, other: testLedger({ store, clock }).runStore }
  }

  test('the claim is still ours, and no other process has it', async () => {
    const { runStore, other } = losing('run:')
    const entry = await findOrCreateRun(other, plain)
    const claim = await claimRun(runStore, entry)
    expect(stateIn(claim?.entry.record)).toBe('running')
    expect(await claimRun(runStore, entry)).toBeUndefined()
    await claim?.complete({ kind: 'json', value: 1 })
    expect(stateIn((await other.read(entry.record.id))?.record)).toBe('completed')
  })

  test('where it stays away, the claim is given back when it returns: no body began, so nothing is unknown', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const { runStore: healthy } = testLedger({ store, clock })
    const entry = await findOrCreateRun(healthy, plain)
    let isDown = false
    let wasDown = false
    const { runStore } = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) => {
        if (isDown) throw new StoreError('unavailable', 'down')
        const answer = await next()
        if (operation === 'put' && key.startsWith('run:') && !wasDown) {
          isDown = true
          wasDown = true
          throw new StoreError('unavailable', 'the answer was lost')
        }
        return answer
      }),
    })
    await expect(claimRun(runStore, entry)).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect(stateIn((await healthy.read(entry.record.id))?.record)).toBe('running')
    isDown = false
    await vi.waitFor(async () => expect(stateIn((await healthy.read(entry.record.id))?.record)).toBe('approved'), 5_000)
    await vi.waitFor(async () => expect(await healthy.isLeased(runLease(entry.record.id))).toBe(false), 5_000)
    expect(await claimRun(healthy, entry)).toBeDefined()
  })

  test('a claim that arrives after it was given back comes too late', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const { runStore: healthy } = testLedger({ store, clock })
    const entry = await findOrCreateRun(healthy, plain)
    let delayed: (() => Promise<unknown>) | undefined
    let faults = 3
    const { runStore } = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:') || faults-- <= 0) return next()
        delayed ??= next
        throw new StoreError('unavailable', 'no answer in time')
      }),
    })
    await expect(claimRun(runStore, entry)).rejects.toMatchObject({ code: 'ERR_STORE' })
    await vi.waitFor(async () => expect(await healthy.isLeased(runLease(entry.record.id))).toBe(false), 5_000)
    expect(await delayed?.()).toBe('conflict')
    expect(stateIn((await healthy.read(entry.record.id))?.record)).toBe('approved')
  })

  test.each(['open:', 'slot:', 'run:'])('creating a record: the answer about %s is looked up', async (prefix) => {
    const { runStore, other } = losing(prefix)
    const entry = await findOrCreateRun(runStore, asking)
    expect((await findOrCreateRun(other, asking)).record.id).toBe(entry.record.id)
  })

  test('the person’s answer is on record, and told of once', async () => {
    const states: string[] = []
    const { runStore, other, clock } = losing('run:', (run) => states.push(stateOf(run)))
    const { channel, answers } = testChannel()
    const context = { authorizationServers: servers, clock }
    const pending = await advanceRun(other, await findOrCreateRun(other, asking), channel, context)
    answers({ status: 'approved' })
    clock.advance(10)
    expect((await advanceRun(runStore, pending.entry, channel, context)).status).toBe('ready')
    expect(states).toEqual(['approved'])
  })
})
