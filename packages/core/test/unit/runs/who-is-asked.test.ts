import { afterEach, describe, expect, test, vi } from 'vitest'
import { OAuthResponseError } from '../../../src/base/errors/index.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import { endUnused } from '../../../src/runs/end-run.ts'
import { findOrCreateRun } from '../../../src/runs/find-run.ts'
import type { Entry } from '../../../src/runs/record.ts'
import { stateOf } from '../../../src/runs/run-state.ts'
import { type Made, plainRecord, record, servers, tapped, testChannel, testClock, testLedger, told } from './harness.ts'

afterEach(() => {
  vi.useRealTimers()
})

async function opened(over: Made = {}, make: typeof record = record) {
  const { runStore, store, clock } = testLedger()
  const asked = testChannel()
  const context = { authorizationServers: servers, clock }
  const draft = { binding: 'binding-1', slotKey: 'slot:1', fits: () => true }
  const entry = await findOrCreateRun(runStore, { ...draft, record: (id) => make(id, over) })
  const settle = (channel = asked.channel) => advanceRun(runStore, entry, channel, context)
  const stored = async () => (await runStore.read(entry.record.id)) as Entry
  return { ...asked, runStore, store, clock, context, entry, settle, stored }
}

describe('a channel is told', () => {
  test.each([
    ['a user', { issuer: 'https://i.example', subject: 'ann' }, {}],
    ['a user of a tenant and a client', { issuer: 'i', subject: 'ann', tenant: 't', clientId: 'c' }, {}],
    ['an agent without a user', { issuer: 'i', clientId: 'c' }, { subject: '' }],
  ])('whose call it is: %s', async (_, owner, more) => {
    const { settle, questions } = await opened({ owner })
    await settle()
    expect(questions[0]?.owner).toEqual({ ...owner, ...more })
  })
})

describe('while a question is sent', () => {
  test('and its owner takes it back, it stays taken back', async () => {
    const { settle, failsToAsk, runStore, stored } = await opened()
    failsToAsk(async () => {
      await endUnused(runStore, await stored(), 'cancelled')
    })
    expect(await settle()).toMatchObject({ status: 'refused', code: 'approval_cancelled' })
    expect(told((await stored()).record)).toMatchObject({ state: 'cancelled', sends: 0 })
  })

  test('and the store no longer finds the record, the result of the write counts', async () => {
    const { store, clock, entry, channel, context, questions } = await opened()
    const lagging = tapped(store, async (operation, key, next) =>
      operation === 'get' && key.startsWith('run:') ? undefined : next(),
    )
    const { runStore } = testLedger({ store: lagging, clock })
    expect(told((await advanceRun(runStore, entry, channel, context)).entry.record)).toMatchObject({ state: 'pending' })
    expect(questions).toHaveLength(1)
  })

  test('nothing is left behind that renews a lease which was given back', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const { settle, store } = await opened()
    expect((await settle()).status).toBe('pending')
    const put = vi.spyOn(store, 'put')
    await vi.advanceTimersByTimeAsync(300_000)
    expect(put).not.toHaveBeenCalled()
  })
})

test('a run without a question sends none', async () => {
  const { settle, questions, stored } = await opened({ state: 'approved' }, plainRecord)
  expect((await settle()).status).toBe('ready')
  expect(questions).toHaveLength(0)
  expect(stateOf((await stored()).record)).toBe('approved')
})

test('a channel that names no interval is looked at after five seconds', async () => {
  const { settle, channel, stored } = await opened()
  await settle({ ...channel, ask: async () => ({ state: {} }) })
  expect((await stored()).record.question?.delivery).toMatchObject({
    interval: 5,
    nextPollAt: testClock().now() / 1000 + 5,
  })
})

describe('a channel that fails to ask', () => {
  test('by an error that it did not classify is not asked again, since the person may have been reached', async () => {
    const { settle, failsToAsk, stored, questions } = await opened()
    failsToAsk(() => {
      throw new TypeError('x is not a function')
    })
    await expect(settle()).rejects.toThrow('x is not a function')
    expect(told((await stored()).record)).toMatchObject({ state: 'failed', sends: 0 })
    failsToAsk(() => {})
    expect(await settle()).toMatchObject({ status: 'refused', code: 'approval_failed' })
    expect(questions).toHaveLength(0)
  })

  test.each([
    ['access_denied', 'failed'],
    ['invalid_request', 'failed'],
  ])('with %s has said it for good: %s', async (error, state) => {
    const { settle, failsToAsk, stored } = await opened()
    failsToAsk(() => {
      throw new OAuthResponseError({ error, status: 400 })
    })
    expect((await settle()).status).toBe('refused')
    expect(stateOf((await stored()).record)).toBe(state)
  })
})
