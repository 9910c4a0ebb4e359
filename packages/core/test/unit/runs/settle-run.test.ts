import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { OAuthResponseError, TransportError } from '../../../src/base/errors/index.ts'
import { Token } from '../../../src/credential/token.ts'
import { advanceRun } from '../../../src/runs/advance-run.ts'
import { findOrCreateRun } from '../../../src/runs/find-run.ts'
import { approvalOf, stateOf } from '../../../src/runs/run-state.ts'
import { approved, claimRun, elsewhere, record, servers, testChannel, testLedger, told } from './harness.ts'

async function opened() {
  const harness = testLedger()
  const asked = testChannel()
  const run = { binding: 'binding-1', slotKey: 'slot:1', fits: () => true, record }
  const entry = await findOrCreateRun(harness.runStore, run)
  const context = { authorizationServers: servers, clock: harness.clock }
  const settle = async () => {
    const newest = await harness.runStore.read(entry.record.id)
    if (newest === undefined) throw new Error('the record is gone')
    return advanceRun(harness.runStore, newest, asked.channel, context)
  }
  return { ...harness, ...asked, entry, settle }
}

describe('asking', () => {
  test(verifies('I4', 'a hundred callers at once ask the person once'), async () => {
    const { settle, questions } = await opened()
    const all = await Promise.all(Array.from({ length: 100 }, settle))
    expect(questions).toHaveLength(1)
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['pending']))
    expect(stateOf((await settle()).entry.record)).toBe('pending')
  })

  test('an outage while asking loses nothing: the next caller asks', async () => {
    const { settle, questions, failsToAsk } = await opened()
    failsToAsk(() => {
      throw new TransportError('down')
    })
    await expect(settle()).rejects.toThrow('down')
    failsToAsk(() => {})
    expect((await settle()).status).toBe('pending')
    expect(questions).toHaveLength(1)
  })

  test.each(['unknown_user_id', 'access_denied'])('a server that answers %s ends the run', async (error) => {
    const { settle, failsToAsk } = await opened()
    failsToAsk(() => {
      throw new OAuthResponseError({ error, status: 400 })
    })
    const refused = await settle()
    expect(refused).toMatchObject({ status: 'refused', code: 'approval_not_sent' })
    expect(told(refused.entry.record)).toMatchObject({ state: 'failed', note: expect.stringContaining(error) })
  })
})

describe('looking (A4)', () => {
  test(verifies('A4', 'not sooner than the interval after the last response arrived; slow_down lasts'), async () => {
    const { settle, looks, answers, clock } = await opened()
    await settle()
    const start = clock.now() / 1000
    answers({ status: 'pending', interval: 10 })
    for (let second = 0; second < 40; second++) {
      await settle()
      clock.advance(1)
    }
    expect(looks.map((at) => at - start)).toEqual([5, 15, 25, 35])
  })

  test('never two looks at a time', async () => {
    const { settle, answers, clock, looks } = await opened()
    await settle()
    clock.advance(5)
    let inFlight = 0
    let most = 0
    answers(async () => {
      most = Math.max(most, ++inFlight)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inFlight--
      return { status: 'pending' }
    })
    await Promise.all(Array.from({ length: 50 }, settle))
    expect(most).toBe(1)
    expect(looks).toHaveLength(1)
  })

  test(
    verifies('A4', 'an outage leaves the question open, obeys Retry-After, and the answer is found later'),
    async () => {
      const { settle, answers, clock, looks } = await opened()
      await settle()
      clock.advance(5)
      answers(() => {
        throw new TransportError('503', { retryAfter: 20 })
      })
      expect((await settle()).status).toBe('pending')
      answers({ status: 'approved' })
      clock.advance(19)
      expect((await settle()).status).toBe('pending')
      expect(looks).toHaveLength(1)
      clock.advance(1)
      expect((await settle()).status).toBe('ready')
    },
  )

  test('whatever a look throws, the next one keeps its distance', async () => {
    const { settle, answers, clock, looks } = await opened()
    await settle()
    clock.advance(5)
    answers(() => {
      throw new DOMException('the caller left', 'AbortError')
    })
    await expect(settle()).rejects.toThrow('the caller left')
    expect((await settle()).status).toBe('pending')
    expect(looks).toHaveLength(1)
  })

  test.each([
    ['denied', { status: 'denied' }, 'approval_denied'],
    ['failed', { status: 'failed', detail: 'a foreign signature' }, 'approval_failed'],
  ] as const)('%s is final', async (_, answer, code) => {
    const { settle, answers, clock, questions } = await opened()
    await settle()
    clock.advance(5)
    answers(answer)
    expect(await settle()).toMatchObject({ status: 'refused', code })
    answers({ status: 'approved' })
    clock.advance(60)
    expect(await settle()).toMatchObject({ status: 'refused', code })
    expect(questions).toHaveLength(1)
  })

  test(
    verifies('A7', 'a delivery that ran out, or whose answer was lost, is sent again, three times in all (A7)'),
    async () => {
      for (const status of ['expired', 'answer_lost'] as const) {
        const { settle, answers, clock, questions } = await opened()
        await settle()
        answers({ status })
        for (let round = 0; round < 6; round++) {
          clock.advance(5)
          await settle()
        }
        expect(questions).toHaveLength(3)
        expect(new Set(questions.map(({ message }) => message))).toEqual(new Set(['Buy 50 shares of AAPL']))
        expect(await settle()).toMatchObject({ status: 'refused', code: 'approval_expired' })
      }
    },
  )

  test('an answer given in time and found late counts; silence at the end of the life time does not', async () => {
    const late = await opened()
    await late.settle()
    const start = late.clock.now() / 1000
    late.clock.advance(4000)
    late.answers({ status: 'approved', answeredAt: start + 3599 })
    expect((await late.settle()).status).toBe('ready')

    const silent = await opened()
    await silent.settle()
    silent.clock.advance(4000)
    expect(await silent.settle()).toMatchObject({ status: 'refused', code: 'approval_expired' })
  })
})

describe('using (A5)', () => {
  const approve = async () => {
    const harness = await opened()
    await harness.settle()
    harness.clock.advance(5)
    harness.answers({
      status: 'approved',
      token: {
        value: new Token('the-approval-token'),
        scopes: ['trade:write'],
        expiresAt: harness.clock.now() / 1000 + 300,
      },
    })
    const settled = await harness.settle()
    if (settled.status !== 'ready') throw new Error(settled.status)
    return { ...harness, approved: settled.entry }
  }

  test(verifies('A5', 'an approval is void after its token has expired, and after fifteen minutes'), async () => {
    const { settle, clock } = await approve()
    clock.advance(301)
    expect(await settle()).toMatchObject({ status: 'refused', code: 'approval_expired' })

    const plain = await opened()
    await plain.settle()
    plain.clock.advance(5)
    plain.answers({ status: 'approved' })
    await plain.settle()
    // Counted from when the question was sent, the last time at which it was certainly open.
    plain.clock.advance(894)
    expect((await plain.settle()).status).toBe('ready')
    plain.clock.advance(1)
    expect(await plain.settle()).toMatchObject({ status: 'refused', code: 'approval_expired' })
  })

  test(verifies('A2', 'of a hundred claims, one is given; the others see it running'), async () => {
    const { runStore, approved, settle } = await approve()
    const claims = await Promise.all(Array.from({ length: 100 }, () => claimRun(runStore, approved)))
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1)
    expect(await settle()).toMatchObject({ status: 'busy' })
  })

  test('a claim of an approval that is past its use is not given', async () => {
    const { runStore, approved, clock } = await approve()
    clock.advance(301)
    expect(await claimRun(runStore, approved)).toBeUndefined()
  })

  test('a completed run tells its result again, and keeps no token', async () => {
    const { runStore, approved, settle } = await approve()
    const claim = await claimRun(runStore, approved)
    await claim?.complete({ kind: 'json', value: { order: 1 } })
    const replay = await settle()
    expect(replay).toMatchObject({ status: 'replay', result: { value: { order: 1 } } })
    expect(approvalOf(replay.entry.record)?.token).toBeUndefined()
    expect(await claimRun(runStore, approved)).toBeUndefined()
  })

  test(verifies('A5', 'a body that threw, and one whose process died, are never run again'), async () => {
    const threw = await approve()
    await (await claimRun(threw.runStore, threw.approved))?.threw({ inDoubt: true })
    expect(await threw.settle()).toMatchObject({ status: 'refused', code: 'unknown_outcome' })

    const died = await approve()
    await claimRun(died.runStore, died.approved)
    died.clock.advance(61)
    expect(await died.settle()).toMatchObject({ status: 'refused', code: 'unknown_outcome' })
    expect(await claimRun(died.runStore, died.approved)).toBeUndefined()
  })

  test('a runner that was thought dead stores its result when it ends after all', async () => {
    const { runStore, approved, settle, clock } = await approve()
    const claim = await claimRun(runStore, approved)
    clock.advance(61)
    expect(await settle()).toMatchObject({ status: 'refused', code: 'unknown_outcome' })
    await claim?.complete({ kind: 'json', value: 'done after all' })
    expect(await settle()).toMatchObject({ status: 'replay' })
  })

  test('`retry` after the approval is void: the outcome is unknown, not unused, and the runner may still tell', async () => {
    const { runStore, entry, clock, settle } = await opened()
    const usableUntil = clock.now() / 1000 + 100
    const claim = await claimRun(runStore, await approved(runStore, entry, { retry: 'same_key', usableUntil }))
    clock.advance(61)
    expect((await settle()).status).toBe('ready')
    clock.advance(61)
    expect(await settle()).toMatchObject({ status: 'refused', code: 'unknown_outcome' })
    await claim?.complete({ kind: 'json', value: 'late' })
    expect(await settle()).toMatchObject({ status: 'replay' })
  })

  test('an approval that is void keeps no token', async () => {
    const { settle, clock } = await approve()
    clock.advance(301)
    expect(approvalOf((await settle()).entry.record)?.token).toBeUndefined()
  })

  test(verifies('A5', 'the idempotency key is the same on every try of one run'), async () => {
    const { runStore, entry, clock, store } = await opened()
    const first = await approved(runStore, entry, { retry: 'same_key' })
    const one = await claimRun(runStore, first)
    clock.advance(61)
    const other = testLedger({ store: elsewhere(store), clock }).runStore
    const settled = await advanceRun(other, one?.entry ?? first, undefined, { authorizationServers: servers, clock })
    const two = await claimRun(other, settled.entry)
    expect(two?.idempotencyKey).toBe(one?.idempotencyKey)
    expect(two?.idempotencyKey).toMatch(/^[\w-]{43}$/)
  })
})
