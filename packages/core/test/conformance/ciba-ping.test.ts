import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { cibaPing } from '../../src/ciba/ciba-ping.ts'
import { memoryStore } from '../../src/records/memory-store.ts'
import { advanceRun } from '../../src/runs/advance-run.ts'
import { approvalOf, stateOf } from '../../src/runs/run-state.ts'
import { openRunStore } from '../../src/runs/run-store.ts'
import { untilWoken } from '../../src/runs/wake.ts'
import { isPending } from '../../src/runs/write-answer.ts'
import { question, refusal, useBackchannel } from '../unit/ciba/backchannel.ts'
import { record } from '../unit/runs/harness.ts'

const begin = useBackchannel()

/** An approval that waits for a ping, and the handler that takes it. */
async function pinged() {
  const target = await begin(undefined, { ping: true })
  const { channel, context, clock, asked } = target
  const store = memoryStore({ clock })
  const runStore = openRunStore({ store, clock })
  const { message, details, credential, approver, expiresAt } = question(clock)
  const stored = {
    id: 'question-1',
    message,
    details,
    approver,
    expiresAt,
    channel: 'default',
    policyVersion: '1',
    ...(credential && { credential }),
  }
  const created = await runStore.create(record('a-1', { question: stored }))
  if (created === undefined) throw new Error('the record was there')
  await advanceRun(runStore, created, channel, context)
  const woken: string[] = []
  const handle = cibaPing({ store, clock, onPing: (id) => void woken.push(id) })
  const token = asked[0]?.get('client_notification_token') ?? ''
  return {
    ...target,
    runStore,
    store,
    token,
    woken,
    handle,
    settle: async () => {
      const entry = await runStore.read('a-1')
      if (entry === undefined) throw new Error('the record is gone')
      return (await advanceRun(runStore, entry, channel, context)).entry.record
    },
    ping: (authorization: string | undefined, authReqId: unknown = 'req-1', init: RequestInit = {}) =>
      handle(
        new Request('https://app.example/ping', {
          method: 'POST',
          headers: {
            'content-type': 'application/json',
            ...(authorization !== undefined && { authorization }),
          },
          body: JSON.stringify({ auth_req_id: authReqId }),
          ...init,
        }),
      ),
  }
}

describe('a ping', () => {
  verifies('CIBA-10.2-ping', 'makes the look due at once, decides nothing, and is answered 204', async () => {
    const { ping, token, settle, answer, polls, woken } = await pinged()
    expect(stateOf(await settle())).toBe('pending')
    expect(polls).toHaveLength(0)
    const response = await ping(`Bearer ${token}`)
    expect([response.status, await response.text()]).toEqual([204, ''])
    await expect.poll(() => woken).toEqual(['a-1'])
    // It decided nothing: the server's answer does.
    answer(refusal('access_denied'))
    expect(stateOf(await settle())).toBe('denied')
    expect(polls).toHaveLength(1)
  })

  verifies('FAPI-CIBA-client-ping-with-invalid-bearer-token', '401, and no waiting call is woken', async () => {
    const { ping, token, settle, woken, polls } = await pinged()
    const wrong = [
      `Bearer ${token}x`,
      `Bearer ${token.slice(0, -1)}`,
      `Bearer a-1.${'A'.repeat(43)}`,
      `Bearer a-2.${token.slice(4)}`,
      'Bearer x',
      'Bearer a-1.',
      `Basic ${token}`,
      `Bearer ${'a'.repeat(2000)}`,
    ]
    for (const authorization of wrong) {
      const response = await ping(authorization)
      expect(response.status, authorization).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
    }
    await settle()
    expect(polls).toHaveLength(0)
    expect(woken).toEqual([])
  })

  verifies('FAPI-CIBA-client-ping-without-bearer-token', '401, and no waiting call is woken', async () => {
    const { ping, woken } = await pinged()
    expect(await ping(undefined)).toHaveProperty('status', 401)
    expect(await ping('')).toHaveProperty('status', 401)
    expect(woken).toEqual([])
  })

  verifies('FAPI-CIBA-client-ping-with-wrong-auth-req-id', '401, and no waiting call is woken', async () => {
    const { ping, token, settle, woken, polls } = await pinged()
    expect(await ping(`Bearer ${token}`, 'req-2')).toHaveProperty('status', 401)
    await settle()
    expect(polls).toHaveLength(0)
    expect(woken).toEqual([])
  })

  verifies('FAPI-CIBA-client-ping-duplicate-notification', '204 each time, and one poll', async () => {
    const { ping, token, settle, answer, polls, clock, success } = await pinged()
    const answers = await Promise.all([1, 2, 3].map(() => ping(`Bearer ${token}`)))
    expect(answers.map(({ status }) => status)).toEqual([204, 204, 204])
    answer(refusal('authorization_pending'))
    await settle()
    await ping(`Bearer ${token}`)
    await settle()
    expect(polls).toHaveLength(1)
    clock.advance(2)
    answer(await success())
    expect(stateOf(await settle())).toBe('approved')
    expect(polls).toHaveLength(2)
    // Answered meanwhile: a ping that comes late is no intruder's.
    expect(await ping(`Bearer ${token}`)).toHaveProperty('status', 204)
  })

  verifies('FAPI-CIBA-push', 'those of a pushed answer are not read, and the poll decides', async () => {
    const { ping, token, settle, answer, polls, idToken, accessToken } = await pinged()
    const tokens = { access_token: await accessToken(), token_type: 'Bearer', id_token: await idToken() }
    const body = JSON.stringify({ auth_req_id: 'req-1', ...tokens, expires_in: 300 })
    expect((await ping(`Bearer ${token}`, 'req-1', { body })).status).toBeLessThan(500)
    answer(refusal('access_denied'))
    const settled = await settle()
    expect(stateOf(settled)).not.toBe('approved')
    expect(approvalOf(settled)?.token).toBeUndefined()
    expect(polls.length).toBeLessThanOrEqual(1)
  })

  test('a handler in another process, that remembers no ping, does not set the pace either', async () => {
    const { ping, token, settle, answer, polls, store, clock } = await pinged()
    await ping(`Bearer ${token}`)
    answer(refusal('authorization_pending'))
    const record = await settle()
    const elsewhere = cibaPing({ store, clock })
    const again = new Request('https://app.example/ping', {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ auth_req_id: 'req-1' }),
    })
    expect(await elsewhere(again)).toHaveProperty('status', 204)
    expect((await settle()).question?.delivery?.nextPollAt).toBe(record.question?.delivery?.nextPollAt)
    expect(polls).toHaveLength(1)
  })

  test('wakes the calls that wait in this process', async () => {
    const { ping, token } = await pinged()
    const startedAt = performance.now()
    const waiting = untilWoken('a-1', 10_000)
    const another = untilWoken('a-2', 300)
    await ping(`Bearer ${token}`)
    await waiting
    expect(performance.now() - startedAt).toBeLessThan(200)
    await another
    expect(performance.now() - startedAt).toBeGreaterThan(290)
    const reason = new Error('the user left')
    await expect(untilWoken('a-1', 10_000, AbortSignal.abort(reason))).rejects.toBe(reason)
    const controller = new AbortController()
    const left = untilWoken('a-1', 10_000, controller.signal)
    controller.abort(reason)
    await expect(left).rejects.toBe(reason)
  })

  test('what is no notification is 400, another method 405, and nothing is a redirect', async () => {
    const { ping, token, handle } = await pinged()
    const authorization = `Bearer ${token}`
    const headers = { authorization, 'content-type': 'application/json' }
    for (const body of ['', '{', '[]', '{"auth_req_id":7}', JSON.stringify({ auth_req_id: 'x'.repeat(9_000) })]) {
      expect(await ping(authorization, undefined, { body, headers }), body.slice(0, 20)).toHaveProperty('status', 400)
    }
    const get = await handle(new Request('https://app.example/ping', { headers }))
    expect([get.status, get.headers.get('allow')]).toEqual([405, 'POST'])
  })

  test('a request that was not to be pinged for is not woken', async () => {
    const { runStore, ping } = await pinged()
    const entry = await runStore.read('a-1')
    if (entry === undefined || !isPending(entry.record)) throw new Error('nothing was delivered')
    const { question } = entry.record
    const { notification: _, ...state } = question.delivery.state
    await runStore.update(entry, (now) => ({
      ...now,
      question: { ...question, delivery: { ...question.delivery, state } },
    }))
    expect(await ping('Bearer a-1.')).toHaveProperty('status', 401)
  })

  test('a question that went by another channel is not woken', async () => {
    const { runStore, ping } = await pinged()
    const entry = await runStore.read('a-1')
    if (entry === undefined || !isPending(entry.record)) throw new Error('nothing was delivered')
    const { question } = entry.record
    const delivery = { ...question.delivery, state: { kind: 'in_app' } }
    await runStore.update(entry, (now) => ({ ...now, question: { ...question, delivery } }))
    expect(await ping(`Bearer a-1.${'A'.repeat(43)}`)).toHaveProperty('status', 401)
  })

  test('the token that was sent is nowhere in the record', async () => {
    const { runStore, token } = await pinged()
    const entry = await runStore.read('a-1')
    expect(token.length).toBeGreaterThan(40)
    expect(JSON.stringify(entry)).not.toContain(token.slice(4))
  })
})
