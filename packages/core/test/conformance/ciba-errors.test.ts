import { verifies } from '@behalf/testing/requirements'
import { HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { TransportError } from '../../src/base/errors/index.ts'
import { postpone } from '../../src/ciba/poll-backchannel-authentication.ts'
import { LONG_POLL_MS } from '../../src/ciba/wire.ts'
import type { ApprovalSent } from '../../src/runs/channels/approval-channel.ts'
import { applied } from '../../src/runs/write-answer.ts'
import { auth0Profile, refusal, stateOf, useBackchannel } from '../unit/ciba/backchannel.ts'
import { follow } from '../unit/ciba/follow.ts'
import { record } from '../unit/runs/harness.ts'

const begin = useBackchannel()

describe('errors (CIBA Core §11)', () => {
  test('pending goes on', async () => {
    const { look, answer } = await begin()
    answer(refusal('authorization_pending'))
    expect(await look()).toMatchObject({ status: 'pending', interval: 2 })
  })

  verifies(['CIBA-11-slow_down', 'A4'], 'the interval grows by 5 s, and what is persisted grows with it', async () => {
    const { look, answer, clock } = await begin()
    answer(refusal('slow_down', 400, { 'retry-after': '8' }))
    const first = await look()
    expect(first).toMatchObject({ status: 'pending', interval: 7, retryAfter: 8, state: { interval: 7 } })
    answer(refusal('slow_down'))
    const state = first.status === 'pending' ? first.state : undefined
    expect(await look({}, state)).toMatchObject({ interval: 12 })
    // The record never lets it shrink again.
    const now = clock.now() / 1000
    const pending = {
      ...record('r', { state: 'pending', delivery: { state: {}, interval: 7, nextPollAt: now } }),
    } as Parameters<typeof applied>[0]
    expect(
      applied(pending, { status: 'pending', interval: 2 }, { sentAt: now, now }).question?.delivery?.interval,
    ).toBe(7)
  })

  verifies('CIBA-10.1-interval', 'counted from when a response arrived', () => {
    const pending = {
      ...record('r', { state: 'pending', delivery: { state: {}, interval: 5, nextPollAt: 100 } }),
    } as Parameters<typeof applied>[0]
    // Sent at 100, answered at 103 after a long poll.
    expect(applied(pending, { status: 'pending' }, { sentAt: 100, now: 103 }).question?.delivery?.nextPollAt).toBe(108)
    expect(
      applied(pending, { status: 'pending', retryAfter: 20 }, { sentAt: 100, now: 103 }).question?.delivery?.nextPollAt,
    ).toBe(123)
  })

  verifies(['CIBA-11-final', 'A6'], 'refusals are told apart, and each is final', async () => {
    const { look, answer } = await begin()
    for (const [error, status] of [
      ['access_denied', 'denied'],
      ['expired_token', 'expired'],
      ['invalid_request', 'failed'],
      ['unauthorized_client', 'failed'],
      ['transaction_failed', 'failed'],
      ['invalid_grant', 'answer_lost'],
    ] as const) {
      answer(refusal(error))
      expect(await look(), error).toMatchObject({ status })
    }
  })

  test(verifies('A6', 'where expiry is reported as a denial, the local deadline decides (A6)'), async () => {
    const { look, answer, clock } = await begin(auth0Profile)
    const state = stateOf(clock, { expiresAt: clock.now() / 1000 + 10 })
    answer(refusal('access_denied'))
    expect(await look({}, state)).toMatchObject({ status: 'denied' })
    clock.advance(10)
    answer(refusal('access_denied'))
    expect(await look({}, state)).toMatchObject({ status: 'expired' })
  })

  test('a server that goes on saying pending after its own deadline has run out', async () => {
    const { look, answer, clock } = await begin()
    const state = stateOf(clock, { expiresAt: clock.now() / 1000 })
    answer(refusal('authorization_pending'))
    expect(await look({}, state)).toMatchObject({ status: 'expired' })
  })

  test('network faults, 429 and 5xx tell nothing, and are worth another look: later each time, never sooner', async () => {
    const { look, answer } = await begin()
    let state: ApprovalSent['state'] | undefined
    const waits: number[] = []
    for (const broken of [
      () => HttpResponse.error(),
      () => new HttpResponse('<html>', { status: 502 }),
      () => HttpResponse.json({ error: 'server_error' }, { status: 500 }),
      () => new HttpResponse(null, { status: 503 }),
    ]) {
      answer(broken)
      const looked = await look({}, state)
      if (looked.status !== 'pending') throw new Error(`it was ${looked.status}`)
      state = looked.state
      waits.push(looked.retryAfter ?? 0)
      expect(looked.interval).toBe(2)
    }
    expect(state).toMatchObject({ faults: 4, interval: 2 })
    waits.forEach((wait, index) => {
      expect(wait).toBeGreaterThanOrEqual(2)
      expect(wait).toBeLessThanOrEqual(2 * 2 ** (index + 1))
    })
    // An answer that means something ends the row of faults.
    answer(refusal('authorization_pending'))
    const after = await look({}, state)
    expect(after.status === 'pending' && after.state).not.toHaveProperty('faults')
  })

  test('what the server asks for with `Retry-After` is the least, and jitter comes on top', async () => {
    const { look, answer } = await begin()
    answer(() => new HttpResponse(null, { status: 429, headers: { 'retry-after': '30' } }))
    const looked = await look()
    expect(looked.status === 'pending' && looked.retryAfter).toBeGreaterThanOrEqual(30)
    const error = new TransportError('x', { retryAfter: 30 })
    const state = { authReqId: 'r', expiresAt: 1_000, interval: 5, detailsSent: false }
    const retryAfter = (random: number) => {
      const later = postpone(state, error, 0, () => random)
      return later.status === 'pending' ? later.retryAfter : undefined
    }
    expect([retryAfter(0), retryAfter(0.5), retryAfter(1)]).toEqual([30, 32.5, 35])
  })

  test('a server that asks for more patience than it has itself is asked once more at its end', async () => {
    for (const [interval, patience, seconds] of [
      [5, '86400', [5, 118]],
      [1e9, '1', [118]],
    ] as const) {
      const target = await begin()
      const start = target.clock.now() / 1000
      target.acknowledges(() => HttpResponse.json({ auth_req_id: crypto.randomUUID(), expires_in: 120, interval }))
      for (const _ of seconds) target.answer(refusal('authorization_pending', 400, { 'retry-after': patience }))
      await follow(target, { seconds: 119 })
      expect(target.pollTimes.map((at) => at - start)).toEqual(seconds)
    }
  })

  verifies('CIBA-10.1-one-at-a-time', 'of two looks at one request one is sent; the other waits', async () => {
    const { look, answer, polls } = await begin()
    let release = () => {}
    answer(
      () =>
        new Promise<Response>((resolve) => {
          release = () => resolve(refusal('authorization_pending'))
        }),
    )
    const first = look()
    await expect.poll(() => polls.length).toBe(1)
    expect(await look()).toEqual({ status: 'pending', found: 'nothing', interval: 2 })
    release()
    expect(await first).toMatchObject({ status: 'pending', interval: 2 })
    expect(polls).toHaveLength(1)
    answer(refusal('authorization_pending'))
    await look()
    expect(polls).toHaveLength(2)
  })

  verifies('CIBA-10.1-long-poll', 'a poll may take longer than other requests', async () => {
    // The requests of these tests have two seconds.
    const { look, answer } = await begin()
    answer(() => new Promise<Response>((resolve) => setTimeout(resolve, 2_300, refusal('authorization_pending'))))
    const looked = await look()
    expect(looked).toMatchObject({ status: 'pending' })
    // It was answered, and not given up.
    expect(looked.status === 'pending' && looked.state).not.toHaveProperty('faults')
    expect(LONG_POLL_MS).toBeGreaterThanOrEqual(30_000)
  })

  test('an answer that cannot be verified for want of the keys is kept, and not asked for again', async () => {
    for (const [subject, status] of [
      ['ann', 'approved'],
      ['mallory', 'failed'],
    ] as const) {
      const { look, answer, success, idToken, keysAreDown, polls } = await begin()
      keysAreDown(true)
      answer(await success({ id_token: await idToken({ sub: subject }) }))
      const looked = await look()
      expect(looked).toMatchObject({ status: 'pending', state: { faults: 1, received: { tokenType: 'bearer' } } })
      keysAreDown(false)
      const stored = JSON.stringify(looked.status === 'pending' && looked.state)
      expect(await look({}, JSON.parse(stored)), subject).toMatchObject({ status })
      expect(polls).toHaveLength(1)
    }
  })

  test(verifies('A4', 'an abort rejects at once, with its own reason'), async () => {
    const { channel, context, clock, answer } = await begin()
    const { question } = await import('../unit/ciba/backchannel.ts')
    answer(() => new Promise<Response>(() => {}))
    const controller = new AbortController()
    const reason = new Error('the user left')
    const state = stateOf(clock, { expiresAt: clock.now() / 1000 + 60 })
    const looking = channel.poll({ state }, question(clock), { ...context, signal: controller.signal })
    const startedAt = performance.now()
    setTimeout(() => controller.abort(reason), 50)
    await expect(looking).rejects.toBe(reason)
    expect(performance.now() - startedAt).toBeLessThan(1_000)
  })
})
