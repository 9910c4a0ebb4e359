import { describe, expect, test } from 'vitest'
import { TransportError } from '../../../src/base/errors/index.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import { pollForAnswer } from '../../../src/runs/poll-for-answer.ts'
import type { Entry, RunRecord } from '../../../src/runs/record.ts'
import { stateOf } from '../../../src/runs/run-state.ts'
import { plainRecord, record, servers, tapped, testChannel, testLedger, told } from './harness.ts'

const NOW = 1_800_000_000
const due = { state: {}, interval: 5, nextPollAt: NOW }

async function stored(made: RunRecord = record('r', { state: 'pending', delivery: due })) {
  const { runStore, store, clock } = testLedger()
  const asked = testChannel()
  const entry = (await runStore.create(made)) as Entry
  const look = (from: Entry = entry, over: object = {}) =>
    pollForAnswer(runStore, from, asked.channel, { authorizationServers: servers, clock, ...over })
  return { ...asked, runStore, store, clock, entry, look, now: async () => (await runStore.read('r')) as Entry }
}

describe('only an open question that was delivered is looked at', () => {
  test.each([
    ['ended', record('r', { state: 'cancelled', delivery: due })],
    ['not delivered', record('r')],
    ['no question', plainRecord('r')],
  ])('%s', async (_, made) => {
    const { look, looks, entry } = await stored(made)
    expect((await look()).record).toEqual(entry.record)
    expect(looks).toHaveLength(0)
  })

  test('also where it was one when it was read', async () => {
    const { look, looks, runStore, entry } = await stored()
    await runStore.update(entry, () => record('r', { state: 'approved' }))
    expect(stateOf((await look()).record)).toBe('approved')
    expect(looks).toHaveLength(0)
  })

  test('while another process polls, a caller does not wait for it: it reads the record as it is', async () => {
    const { look, looks, runStore, store, entry, clock } = await stored()
    await runStore.lease('busy:r', 45)
    await runStore.update(entry, () => record('r', { state: 'approved' }))
    expect(stateOf((await look()).record)).toBe('approved')
    const lagging = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) =>
        operation === 'get' && key.startsWith('run:') ? undefined : next(),
      ),
    }).runStore
    const context = { authorizationServers: servers, clock }
    expect(await pollForAnswer(lagging, entry, testChannel().channel, context)).toBe(entry)
    expect(looks).toHaveLength(0)
  })

  test('where the store finds nothing any more, what was read before is looked at', async () => {
    const { store, clock, entry, channel, looks } = await stored()
    const { runStore } = testLedger({
      clock,
      store: tapped(store, async (operation, key, next) =>
        operation === 'get' && key.startsWith('run:') ? undefined : next(),
      ),
    })
    const looked = await pollForAnswer(runStore, entry, channel, { authorizationServers: servers, clock })
    expect(looked.record.question?.delivery).toMatchObject({ pendingAt: NOW, nextPollAt: NOW + 5 })
    expect(looks).toHaveLength(1)
  })

  test('and no poll is sent for a caller that left', async () => {
    const { look, looks, now } = await stored()
    await expect(look(undefined, { signal: AbortSignal.abort(new Error('left')) })).rejects.toThrow('left')
    expect(looks).toHaveLength(0)
    expect((await now()).record.question?.delivery).toEqual(due)
  })

  test('a question that ended while it was looked at stays ended', async () => {
    const { look, answers, runStore, now } = await stored()
    answers(async () => {
      await runStore.update(await now(), (record) => ({ ...record, end: { how: 'cancelled', at: NOW } }))
      return { status: 'approved' }
    })
    expect(stateOf((await look()).record)).toBe('cancelled')
  })
})

describe('a channel that goes on saying `pending`', () => {
  test.each([
    [NOW + 1, 0],
    [NOW, 1],
    [NOW - 1, 1],
  ])('where its delivery ends at %i: the question is sent again %i times', async (expiresAt, sends) => {
    const { runStore, entry, channel, clock } = await stored(
      record('r', { state: 'pending', delivery: { ...due, expiresAt } }),
    )
    const settled = await advanceRun(runStore, entry, channel, { authorizationServers: servers, clock })
    expect(told(settled.entry.record)).toMatchObject({ state: 'pending', sends })
  })

  test('and answers at the very end is heard', async () => {
    const { look, answers } = await stored(record('r', { state: 'pending', delivery: { ...due, expiresAt: NOW } }))
    answers({ status: 'approved' })
    expect(stateOf((await look()).record)).toBe('approved')
  })
})

describe('a look that throws', () => {
  test('only our own errors say that nothing is lost, and for how long to wait', async () => {
    const outage = await stored()
    outage.answers(() => Promise.reject(new TransportError('down', { retryAfter: 60 })))
    expect((await outage.look()).record.question?.delivery?.nextPollAt).toBe(NOW + 60)
    for (const foreign of [Object.assign(new Error('foreign'), { retryable: true, retryAfter: 600 }), 'foreign']) {
      const { look, answers, now } = await stored()
      answers(() => Promise.reject(foreign))
      await expect(look()).rejects.toBe(foreign)
      expect((await now()).record.question?.delivery?.nextPollAt).toBe(NOW + 5)
    }
  })
})
