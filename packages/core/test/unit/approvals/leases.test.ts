import { afterEach, describe, expect, test, vi } from 'vitest'
import { claimRun } from '../../../src/approvals/claim-run.ts'
import { findOrCreateRun, runLease } from '../../../src/approvals/find-run.ts'
import { settleRun } from '../../../src/approvals/settle-run.ts'
import { systemClock } from '../../../src/doors/spi.ts'
import { StoreError } from '../../../src/errors/index.ts'
import { memoryStore } from '../../../src/stores/memory-store.ts'
import { plainRecord, record, servers, tapped, testChannel, testClock, testLedger } from './harness.ts'

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
      const skewed = testLedger({ store, clock: { ...clock, now: () => clock.now() + skew * 1000 } }).ledger
      const { ledger } = testLedger({ store, clock })
      const entry = await findOrCreateRun(ledger, plain)
      expect(await claimRun(skewed, entry)).toBeDefined()
      clock.advance(59)
      expect(await ledger.isLeased(runLease(entry.record.id))).toBe(true)
      expect(
        (await settleRun(ledger, entry, undefined, { authorizationServers: servers, clock })).entry.record.state,
      ).toBe('approved')
      const context = { authorizationServers: servers, clock }
      const running = await ledger.read(entry.record.id)
      expect(running && (await settleRun(ledger, running, undefined, context)).status).toBe('busy')
      clock.advance(2)
      expect(running && (await settleRun(skewed, running, undefined, context)).status).toBe('refused')
    },
  )

  test('a holder survives a store that is down at a renewal, and one that loses the renewal’s answer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const store = memoryStore()
    let fault: 'none' | 'down' | 'lost' = 'none'
    const { ledger } = testLedger({
      clock: { ...systemClock, advance: () => {} },
      store: tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('lease:') || fault === 'none') return next()
        if (fault === 'lost') await next()
        throw new StoreError('unavailable', fault)
      }),
    })
    const entry = await findOrCreateRun(ledger, plain)
    await claimRun(ledger, entry)
    for (const next of ['down', 'none', 'lost', 'none', 'none', 'none'] as const) {
      fault = next
      await vi.advanceTimersByTimeAsync(21_000)
      expect(await ledger.isLeased(runLease(entry.record.id)), next).toBe(true)
    }
    fault = 'down'
    await vi.advanceTimersByTimeAsync(90_000)
    fault = 'none'
    await vi.advanceTimersByTimeAsync(21_000)
    expect(await ledger.isLeased(runLease(entry.record.id))).toBe(true)
  })
})

describe('asking and looking under a lease', () => {
  test('one that takes longer than the lease lets no second sender in', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const { ledger } = testLedger({ clock: { ...systemClock, advance: () => {} }, store: memoryStore() })
    const { channel, questions, failsToAsk } = testChannel()
    const { promise: answered, resolve: answer } = Promise.withResolvers<void>()
    const { promise: sent, resolve: send } = Promise.withResolvers<void>()
    failsToAsk(() => {
      send()
      return answered
    })
    const context = { authorizationServers: servers, clock: systemClock }
    const entry = await findOrCreateRun(ledger, askingNow)
    const first = settleRun(ledger, entry, channel, context)
    await sent
    await vi.advanceTimersByTimeAsync(50_000)
    expect((await settleRun(ledger, entry, channel, context)).status).toBe('pending')
    answer()
    expect((await first).entry.record).toMatchObject({ state: 'pending', sends: 1 })
    expect(questions).toHaveLength(1)
  })

  test('one that never ends is given up, its signal aborted, and the next caller asks', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const { ledger } = testLedger({ clock: { ...systemClock, advance: () => {} }, store: memoryStore() })
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
    const entry = await findOrCreateRun(ledger, askingNow)
    const first = settleRun(ledger, entry, stuck, context).catch((error: unknown) => error)
    await sent
    await vi.advanceTimersByTimeAsync(61_000)
    expect(await first).toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(signal?.aborted).toBe(true)
    expect((await settleRun(ledger, entry, channel, context)).entry.record.state).toBe('pending')
  })

  test('an abort neither sends what was not sent, nor drops the answer to what was', async () => {
    const { ledger, clock } = testLedger()
    const { channel, questions, failsToAsk } = testChannel()
    const controller = new AbortController()
    const context = { authorizationServers: servers, clock, signal: controller.signal }
    const entry = await findOrCreateRun(ledger, asking)
    const gone = { ...context, signal: AbortSignal.abort(new Error('left before')) }
    await expect(settleRun(ledger, entry, channel, gone)).rejects.toThrow('left before')
    expect(questions).toHaveLength(0)
    failsToAsk(() => controller.abort(new Error('left')))
    expect((await settleRun(ledger, entry, channel, context)).entry.record.state).toBe('pending')
    expect(questions).toHaveLength(1)
    clock.advance(10)
    const pending = await ledger.read(entry.record.id)
    await expect(pending && settleRun(ledger, pending, channel, context)).rejects.toThrow('left')
  })
})

describe('a store that did what was asked and lost the answer', () => {
  /** Loses the answer to the first write to a key, once; `other` is what another process sees. */
  const losing = (prefix: string, onState: (record: { state: string }) => void = () => {}) => {
    const clock = testClock()
    const store = memoryStore({ clock })
    let lost = false
    const unreliable = tapped(store, async (operation, key, next) => {
      const answer = await next()
      if (operation !== 'put' || !key.startsWith(prefix) || lost) return answer
      lost = true
      throw new StoreError('unavailable', 'the answer was lost')
    })
    const { ledger } = testLedger({ store: unreliable, clock, onState })
    return { ledger, clock, other: testLedger({ store, clock }).ledger }
  }

  test('the claim is ours all the same, and nobody else’s', async () => {
    const { ledger, other } = losing('run:')
    const entry = await findOrCreateRun(other, plain)
    const claim = await claimRun(ledger, entry)
    expect(claim?.entry.record.state).toBe('running')
    expect(await claimRun(ledger, entry)).toBeUndefined()
    await claim?.complete({ kind: 'json', value: 1 })
    expect((await other.read(entry.record.id))?.record.state).toBe('completed')
  })

  test('where it stays away, the claim is given back when it returns: no body began, so nothing is unknown', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const { ledger: healthy } = testLedger({ store, clock })
    const entry = await findOrCreateRun(healthy, plain)
    let isDown = false
    let wasDown = false
    const { ledger } = testLedger({
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
    await expect(claimRun(ledger, entry)).rejects.toMatchObject({ code: 'ERR_STORE' })
    expect((await healthy.read(entry.record.id))?.record.state).toBe('running')
    isDown = false
    await vi.waitFor(async () => expect((await healthy.read(entry.record.id))?.record.state).toBe('approved'), 5_000)
    await vi.waitFor(async () => expect(await healthy.isLeased(runLease(entry.record.id))).toBe(false), 5_000)
    expect(await claimRun(healthy, entry)).toBeDefined()
  })

  test('a claim that arrives after it was given back comes too late', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const { ledger: healthy } = testLedger({ store, clock })
    const entry = await findOrCreateRun(healthy, plain)
    let delayed: (() => Promise<unknown>) | undefined
    let faults = 3
    const { ledger } = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) => {
        if (operation !== 'put' || !key.startsWith('run:') || faults-- <= 0) return next()
        delayed ??= next
        throw new StoreError('unavailable', 'no answer in time')
      }),
    })
    await expect(claimRun(ledger, entry)).rejects.toMatchObject({ code: 'ERR_STORE' })
    await vi.waitFor(async () => expect(await healthy.isLeased(runLease(entry.record.id))).toBe(false), 5_000)
    expect(await delayed?.()).toBe('conflict')
    expect((await healthy.read(entry.record.id))?.record.state).toBe('approved')
  })

  test.each(['open:', 'slot:', 'run:'])('creating a record: the answer about %s is looked up', async (prefix) => {
    const { ledger, other } = losing(prefix)
    const entry = await findOrCreateRun(ledger, asking)
    expect((await findOrCreateRun(other, asking)).record.id).toBe(entry.record.id)
  })

  test('the person’s answer is on record, and told of once', async () => {
    const states: string[] = []
    const { ledger, other, clock } = losing('run:', ({ state }) => states.push(state))
    const { channel, answers } = testChannel()
    const context = { authorizationServers: servers, clock }
    const pending = await settleRun(other, await findOrCreateRun(other, asking), channel, context)
    answers({ status: 'approved' })
    clock.advance(10)
    expect((await settleRun(ledger, pending.entry, channel, context)).status).toBe('ready')
    expect(states).toEqual(['approved'])
  })
})
