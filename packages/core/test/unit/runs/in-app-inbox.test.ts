import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { inAppInbox } from '../../../src/runs/channels/in-app-inbox.ts'
import { openRunStore } from '../../../src/runs/run-store.ts'
import { app, ORIGIN, onlyQuestion, pick } from './app.ts'
import { record, stateIn, tapped, testClock } from './harness.ts'
import { ISSUER, person, sessions } from './people.ts'

describe('an approval in the app’s own pages', () => {
  test('asked, shown, approved and run, once', async () => {
    const target = app()
    expect(await target.run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    const { id, answerToken } = await onlyQuestion(target)
    const answered = await target.post('ann', { id, answer: 'approve', answerToken })
    expect(answered.status).toBe(200)
    expect(await answered.json()).toEqual({ id, state: 'approved' })
    expect(await target.run()).toMatchObject({ status: 'done', result: 'ordered' })
    expect(await target.run()).toMatchObject({ status: 'done', result: 'ordered' })
    expect(target.ran).toEqual([{ symbol: 'AAPL', quantity: 50 }])
    expect((await target.list('ann')).body.questions).toEqual([])
    expect(target.events).toMatchObject([{ type: 'approval', state: 'approved', approvalId: id, enforcedBy: 'sdk' }])
  })

  test('denied, and nothing runs', async () => {
    const target = app()
    await target.run()
    const { id, answerToken } = await onlyQuestion(target)
    expect(await (await target.post('ann', { id, answer: 'deny', answerToken })).json()).toEqual({
      id,
      state: 'denied',
    })
    expect(await target.run()).toMatchObject({ status: 'denied', code: 'approval_denied' })
    expect(target.ran).toEqual([])
  })

  test('the approver sees message and details, and what is needed to answer: nothing else', async () => {
    const target = app({ approver: { issuer: ISSUER, subject: 'bob' } })
    await target.run()
    expect((await target.list('ann')).body).toEqual({ questions: [] })
    const question = await onlyQuestion(target, 'bob')
    expect(Object.keys(question).sort()).toEqual(['answerToken', 'details', 'expiresAt', 'fields', 'id', 'message'])
    expect(question).toMatchObject({
      message: 'Buy 50 shares of AAPL',
      details: [{ symbol: 'AAPL', quantity: 50, type: 'stock_order' }],
    })
    const { response } = await target.list('bob')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await target.post('bob', { ...pick(question), answer: 'approve' })).toHaveProperty('status', 200)
    expect(await target.run()).toMatchObject({ status: 'done' })
  })

  test('an approval of one order is no approval of another', async () => {
    const target = app()
    await target.run(50)
    const question = await onlyQuestion(target)
    await target.post('ann', { ...pick(question), answer: 'approve' })
    expect(await target.run(500)).toMatchObject({ status: 'interrupted' })
    expect(target.ran).toEqual([])
  })

  test('of a hundred answers at once, one counts', async () => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        target.post('ann', { ...pick(question), answer: index % 2 === 0 ? 'approve' : 'deny' }),
      ),
    )
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(99)
  })

  test('an expired question is neither shown nor answered', async () => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    target.clock.advance(3_601)
    expect((await target.list('ann')).body.questions).toEqual([])
    expect(await target.post('ann', { ...pick(question), answer: 'approve' })).toHaveProperty('status', 409)
    expect(await target.run()).toMatchObject({ status: 'denied', code: 'approval_expired' })
  })

  test('another process answers over the same store', async () => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    const elsewhere = inAppInbox({ store: target.store, clock: target.clock, identityOf: sessions(target.people) })
    const response = await elsewhere(
      new Request(`${ORIGIN}/inbox`, {
        method: 'POST',
        headers: { cookie: 'session=ann', 'content-type': 'application/json', origin: ORIGIN },
        body: JSON.stringify({ ...pick(question), answer: 'approve' }),
      }),
    )
    expect(response.status).toBe(200)
    expect(await target.run()).toMatchObject({ status: 'done' })
  })
})

describe('who may answer (A8)', () => {
  test(verifies('A8', 'only the approver, signed in'), async () => {
    const target = app()
    await target.run()
    const question = await onlyQuestion(target)
    const answer = { ...pick(question), answer: 'approve' }
    expect(await target.post('unknown', answer)).toHaveProperty('status', 401)
    expect((await target.list('unknown')).response.status).toBe(401)
    expect(await target.post('mallory', answer)).toHaveProperty('status', 404)
    expect((await target.list('mallory')).body.questions).toEqual([])
    expect(await target.run()).toMatchObject({ status: 'interrupted' })
  })

  test('not one of the same name at another issuer or tenant', async () => {
    const expiresAt = testClock().now() / 1000 + 3600
    const others = {
      elsewhere: person('ann', { issuer: 'https://other.example', expiresAt }),
      tenant: person('ann', { tenant: 'org_2', expiresAt }),
    }
    const target = app({ identityOf: sessions({ ...others, ann: person('ann', { expiresAt }) }) })
    await target.run()
    const question = await onlyQuestion(target)
    for (const user of ['elsewhere', 'tenant']) {
      expect((await target.list(user)).body.questions, user).toEqual([])
      expect(await target.post(user, { ...pick(question), answer: 'approve' }), user).toHaveProperty('status', 404)
    }
  })

  test('neither an object that only looks like an identity, nor an agent, nor an ended session', async () => {
    const expiresAt = testClock().now() / 1000
    const fake = { kind: 'user', issuer: ISSUER, subject: 'ann', claims: {}, sessionId: 'session-of-ann' } as const
    const target = app({
      identityOf: sessions({ fake, over: person('ann', { expiresAt }) }),
    })
    await target.run()
    expect((await target.list('fake')).response.status).toBe(401)
    expect((await target.list('over')).response.status).toBe(401)
  })

  test('not a user whose access was revoked since they signed in', async () => {
    const target = app({ approver: { issuer: ISSUER, subject: 'bob' } })
    await target.run()
    const question = await onlyQuestion(target, 'bob')
    await target.guard.revoke({ issuer: ISSUER, subject: 'bob' })
    expect(await target.post('bob', { ...pick(question), answer: 'approve' })).toHaveProperty('status', 401)
    target.clock.advance(5)
    expect((await target.list('bob')).response.status).toBe(401)
    expect(await target.run()).toMatchObject({ status: 'interrupted' })
  })

  test('not from a session to which the question was not shown', async () => {
    const expiresAt = testClock().now() / 1000 + 3600
    const target = app({
      identityOf: sessions({
        ann: person('ann', { expiresAt }),
        second: person('ann', { expiresAt, sessionId: 'another' }),
      }),
    })
    await target.run()
    const { id, answerToken } = await onlyQuestion(target)
    expect(await target.post('second', { id, answerToken, answer: 'approve' })).toHaveProperty('status', 403)
    expect(await target.post('ann', { id, answerToken: 'x', answer: 'approve' })).toHaveProperty('status', 403)
    expect(await target.post('ann', { id, answerToken, answer: 'approve' })).toHaveProperty('status', 200)
  })

  test('a question that went another way is not answered here', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const runStore = openRunStore({ store, clock })
    const identity = person('ann', { expiresAt: clock.now() / 1000 + 3600 })
    const inbox = inAppInbox({ store, clock, identityOf: () => identity })
    const delivery = { state: { authReqId: 'req-1' }, interval: 5, nextPollAt: 0 }
    await runStore.create(record('other', { state: 'pending', delivery }))
    const listed = await inbox(new Request(`${ORIGIN}/inbox`))
    expect(await listed.json()).toEqual({ questions: [] })
    const { answerTokenOf } = await import('../../../src/runs/channels/in-app-inbox.ts')
    const entry = await runStore.read('other')
    if (entry === undefined) throw new Error('the record is gone')
    const answerToken = await answerTokenOf(runStore, entry.record, identity)
    const response = await inbox(
      new Request(`${ORIGIN}/inbox`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: ORIGIN },
        body: JSON.stringify({ id: 'other', answer: 'approve', answerToken }),
      }),
    )
    expect(response.status).toBe(404)
    expect(stateIn((await runStore.read('other'))?.record)).toBe('pending')
  })
})

describe('around it', () => {
  test('a watcher is not asked to look for what comes by itself, until the time is over', async () => {
    const target = app()
    await target.run()
    const runStore = openRunStore({ store: target.store, clock: target.clock })
    target.clock.advance(3_599)
    expect(await runStore.claimPolls(10, 60)).toEqual([])
    target.clock.advance(1)
    expect(await runStore.claimPolls(10, 60)).toHaveLength(1)
  })

  test('a call that waits goes on as soon as there is an answer, and not at its next look', async () => {
    const target = app({ wait: 30 })
    const running = target.run()
    await expect.poll(async () => (await target.list('ann')).body.questions.length).toBe(1)
    const question = await onlyQuestion(target)
    const answeredAt = performance.now()
    await target.post('ann', { ...pick(question), answer: 'approve' })
    expect(await running).toMatchObject({ status: 'done', result: 'ordered' })
    // The next look would be five seconds after the first.
    expect(performance.now() - answeredAt).toBeLessThan(2_000)
  })

  test('the app is told of an answer, and its failure is its own', async () => {
    const told: unknown[] = []
    const target = app({
      onAnswer: (answer) => {
        told.push({ ...answer })
        Reflect.set(answer, 'state', 'queued')
        throw new Error('the queue is down')
      },
    })
    await target.run()
    const question = await onlyQuestion(target)
    const answered = await target.post('ann', { ...pick(question), answer: 'approve' })
    expect(answered.status).toBe(200)
    expect(await answered.json()).toEqual({ id: question.id, state: 'approved' })
    await expect.poll(() => told).toEqual([{ id: question.id, state: 'approved' }])
  })

  test('a store that does not answer is 503, and nothing is told of it', async () => {
    const clock = testClock()
    const { StoreError } = await import('../../../src/base/errors/index.ts')
    const broken = tapped(memoryStore({ clock }), () =>
      Promise.reject(new StoreError('unavailable', 'redis at 10.0.0.7 is down')),
    )
    const identity = person('ann', { expiresAt: clock.now() / 1000 + 3600 })
    const inbox = inAppInbox({ store: broken, clock, identityOf: () => identity })
    const response = await inbox(new Request(`${ORIGIN}/inbox`))
    expect(response.status).toBe(503)
    expect(response.headers.get('retry-after')).toBe('2')
    expect(await response.text()).toBe('{"error":"unavailable"}')
  })

  test('a long inbox comes in pages, and ended questions do not fill them', async () => {
    const clock = testClock()
    const store = memoryStore({ clock })
    const runStore = openRunStore({ store, clock })
    const delivery = { state: { kind: 'in_app' }, interval: 5, nextPollAt: 0 }
    const id = (index: number) => `q-${String(index).padStart(4, '0')}`
    for (let index = 0; index < 170; index++) {
      await runStore.create(record(id(index), index % 2 === 0 ? { state: 'pending', delivery } : { state: 'denied' }))
    }
    const identity = person('ann', { expiresAt: clock.now() / 1000 + 3600 })
    const inbox = inAppInbox({ store, clock, identityOf: () => identity })
    const seen: string[] = []
    let query = ''
    for (let pages = 0; pages < 10; pages++) {
      const body = (await (await inbox(new Request(`${ORIGIN}/inbox${query}`))).json()) as {
        questions: { id: string }[]
        next?: string
      }
      expect(body.questions.length).toBeLessThanOrEqual(50)
      seen.push(...body.questions.map((question) => question.id))
      if (body.next === undefined) break
      query = `?after=${body.next}`
    }
    expect(seen.sort()).toEqual(Array.from({ length: 85 }, (_, index) => id(index * 2)))
  })
})
