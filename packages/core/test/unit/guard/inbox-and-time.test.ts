import { getEventListeners } from 'node:events'
import { describe, expect, test } from 'vitest'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { ownerView } from '../../../src/guard/methods/approval-inbox.ts'
import { type Identity, policy, TransportError } from '../../../src/index.ts'
import { plainRecord, record, tapped } from '../runs/harness.ts'
import { asks, ISSUER, schema, smallWorld, user } from './small-world.ts'

const boss = user({ subject: 'boss' })
const asksBoss = policy(schema, {
  version: '1',
  approval: { message: () => 'Pay?', approver: () => ({ issuer: ISSUER, subject: 'boss' }), lifetimeSeconds: 100 },
})

/** A question to the boss, on its way or with them. */
async function askingBoss() {
  const world = smallWorld()
  const behalf = world.guard()
  const ask = () => behalf.run(asksBoss, world.call(), () => 'ran')
  const inbox = (identity: Identity = boss) => behalf.approvals.list({ identity, as: 'approver' })
  return { ...world, behalf, ask, inbox }
}

describe('what an approver is shown (A8)', () => {
  test('a question that has not reached them yet, since the channel was down', async () => {
    const { ask, inbox, failsToAsk } = await askingBoss()
    failsToAsk(() => Promise.reject(new TransportError('down')))
    expect(await ask()).toMatchObject({ status: 'unavailable' })
    expect(await inbox()).toMatchObject([{ message: 'Pay?', state: 'open' }])
  })

  test('until it runs out, and not in that second', async () => {
    const { ask, inbox, clock } = await askingBoss()
    await ask()
    clock.advance(99.9)
    expect(await inbox()).toHaveLength(1)
    clock.advance(0.1)
    expect(await inbox()).toEqual([])
  })

  test('until it is answered', async () => {
    const { ask, inbox, clock, answers, behalf, call } = await askingBoss()
    await ask()
    answers({ status: 'approved' })
    clock.advance(10)
    expect(await behalf.preflight(asksBoss, call())).toMatchObject({ status: 'ready' })
    expect(await inbox()).toEqual([])
  })
})

describe('what an owner is shown of a run', () => {
  const now = 1_800_000_100
  const delivery = { state: {}, interval: 5 }
  const view = (over: Parameters<typeof record>[1]) =>
    ownerView({ record: record('r', over), version: '1' } as never, now)

  test.each<readonly [string, Parameters<typeof record>[1], object]>([
    ['one that is not sent yet', {}, { state: 'open', interval: 5, expiresAt: 1_800_003_600 }],
    [
      'one that is with the person',
      { state: 'pending', delivery: { ...delivery, nextPollAt: now + 4.2 } },
      { state: 'open', interval: 5 },
    ],
    [
      'one whose look is due',
      { state: 'pending', delivery: { ...delivery, nextPollAt: now - 60 } },
      { state: 'open', interval: 5 },
    ],
    [
      'one that was approved',
      { state: 'approved', usableUntil: now + 900 },
      { state: 'approved', expiresAt: now + 900 },
    ],
    [
      'one that is used, whose approval would have lasted',
      { state: 'completed', usableUntil: now + 900 },
      { state: 'used', run: 'completed', expiresAt: 1_800_003_600 },
    ],
    ['one that was denied', { state: 'denied' }, { state: 'denied' }],
  ])('%s', (_, over, expected) => {
    expect(view(over)).toMatchObject({ message: 'Buy 50 shares of AAPL', ...expected })
  })

  test('and a run without a question', () => {
    expect(ownerView({ record: plainRecord('r'), version: '1' } as never, now)).toEqual({
      id: 'r',
      tool: 'create_order',
      message: '',
      details: [],
      state: 'approved',
      createdAt: 1_800_000_000,
      expiresAt: 0,
    })
  })
})

describe('who may ask', () => {
  test('no user whose access was revoked by any process before this one has read anything', async () => {
    const { guard, call } = smallWorld()
    await guard().run(asks, call(), () => 'ran')
    const elsewhere = guard()
    await guard().revoke({ issuer: ISSUER, subject: 'ann' })
    await expect(elsewhere.approvals.list({ identity: user(), as: 'owner' })).rejects.toMatchObject({
      reason: 'inactive',
    })
  })

  test('an unknown id, and an id that is not a text, find nothing', async () => {
    const { guard } = smallWorld()
    for (const id of ['no-such-id', 5 as never]) {
      expect(await guard().approvals.get(id, { identity: user() })).toBeUndefined()
      expect(await guard().approvals.cancel(id, { identity: user() })).toBeUndefined()
    }
  })
})

describe('a caller that left', () => {
  test('cancels nothing: the store is not even asked', async () => {
    const { guard, call, store } = smallWorld()
    const first = await guard().run(asks, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    let operations = 0
    const counted = tapped(store, (_, __, next) => {
      operations++
      return next()
    })
    const reason = new Error('left')
    const signal = AbortSignal.abort(reason)
    await expect(guard({ store: counted }).approvals.cancel(id, { identity: user(), signal })).rejects.toBe(reason)
    await new Promise((resolve) => setImmediate(resolve))
    expect(operations).toBe(0)
    expect(await guard().approvals.get(id, { identity: user() })).toMatchObject({ state: 'open' })
  })

  test('and one that stayed leaves no listener at its signal', async () => {
    const { guard, call, channel, clock } = smallWorld()
    const stuck: ApprovalChannel = { ...channel, poll: () => new Promise<never>(() => {}) }
    const first = await guard().run(asks, call(), () => 'ran')
    const id = first.status === 'interrupted' ? first.interrupt.id : ''
    const { signal } = new AbortController()
    await guard().approvals.get(id, { identity: user(), signal })
    clock.advance(10)
    const late = guard({ approvals: stuck, timeoutMs: 30 }).approvals.get(id, { identity: user(), signal })
    await expect(late).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(getEventListeners(signal, 'abort')).toHaveLength(0)
  })
})
