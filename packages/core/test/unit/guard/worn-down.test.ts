import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { inAppApprovals, inAppInbox } from '../../../src/entrypoints/http.ts'
import { policy } from '../../../src/index.ts'
import { asks, ISSUER, keys, schema, smallWorld, user } from './small-world.ts'

/** An agent that asks again under a new slot after each no. */
function persistent() {
  const world = smallWorld()
  const guard = world.guard()
  world.answers({ status: 'denied' })
  let slots = 0
  /** Asks under a new slot, and lets the person say no. */
  const ask = async (over: object = {}, rules = asks) => {
    const call = world.call({ slot: `slot-${slots++}`, ...over })
    const first = await guard.run(rules, call, () => 'ran')
    if (first.status !== 'interrupted') return first
    world.clock.advance(6)
    return guard.run(rules, call, () => 'ran')
  }
  return { ...world, guard, ask }
}

describe('no person is worn down (A14)', () => {
  test(
    verifies('A14', 'after each no a new slot asks again: two questions in six minutes, and not sixty'),
    async () => {
      const { ask, clock, questions } = persistent()
      for (let tries = 0; tries < 60; tries++) {
        expect(await ask()).toMatchObject({ status: 'denied', code: 'approval_denied' })
        clock.advance(6)
      }
      expect(questions).toHaveLength(2)
    },
  )

  test('an equal call is asked once more after 60 s, and the outcome says when, and that no person was asked', async () => {
    const { ask, clock, questions } = persistent()
    const denied = { code: 'approval_denied', message: expect.stringContaining('The request for approval was denied.') }
    expect(await ask()).toMatchObject(denied)
    clock.advance(20)
    const message = expect.stringContaining('so this call did not ask')
    expect(await ask()).toMatchObject({ code: 'approval_denied', message, retryAfter: 40 })
    expect(questions).toHaveLength(1)
    clock.advance(41)
    await ask()
    expect(questions).toHaveLength(2)
  })

  test(verifies('A14', 'a second no closes it for ten minutes, or for as long as the policy says'), async () => {
    const short = policy(schema, { version: '1', approval: { message: () => 'Pay', askAgainAfterSeconds: 120 } })
    for (const [rules, seconds] of [
      [asks, 600],
      [short, 120],
    ] as const) {
      const { ask, clock, questions } = persistent()
      await ask({}, rules)
      clock.advance(61)
      await ask({}, rules)
      clock.advance(seconds - 10)
      expect(await ask({}, rules)).toMatchObject({ code: 'approval_denied', retryAfter: 10 })
      expect(questions).toHaveLength(2)
      clock.advance(11)
      await ask({}, rules)
      expect(questions).toHaveLength(3)
    }
  })

  test(verifies('A14', 'three noes to one tool within ten minutes close it, whatever its input'), async () => {
    const { ask, clock, questions } = persistent()
    for (let amount = 0; amount < 20; amount++) await ask({ input: { amount } })
    expect(questions).toHaveLength(3)
    await ask({ tool: 'refund' })
    expect(questions).toHaveLength(4)
    clock.advance(600)
    await ask({ input: { amount: 99 } })
    expect(questions).toHaveLength(5)
  })

  test('noes of one person, and to one owner, close nothing for others', async () => {
    const { ask, questions } = persistent()
    for (let amount = 0; amount < 4; amount++) await ask({ input: { amount } })
    expect(questions).toHaveLength(3)
    await ask({ identity: user({ subject: 'bob' }) })
    const byCarol = policy(schema, {
      version: '1',
      approval: { message: () => 'Pay', approver: () => ({ issuer: ISSUER, subject: 'carol' }) },
    })
    await ask({}, byCarol)
    expect(questions.map(({ approver }) => approver.subject)).toEqual(['ann', 'ann', 'ann', 'bob', 'carol'])
  })

  test(verifies('A14', 'ended questions leave the first page of the approver'), async () => {
    const { guard, call, clock } = smallWorld()
    const behalf = guard()
    for (let slot = 0; slot < 150; slot++) {
      const outcome = await behalf.run(asks, call({ slot: `${slot}`, input: { amount: slot } }), () => 'ran')
      clock.advance(600)
      const id = outcome.status === 'interrupted' ? outcome.interrupt.id : ''
      expect(await behalf.approvals.cancel(id, { identity: user() })).toMatchObject({ state: 'cancelled' })
    }
    await behalf.run(asks, call({ slot: 'last' }), () => 'ran')
    expect(await behalf.approvals.list({ identity: user(), as: 'approver' })).toMatchObject([{ message: 'Pay 50' }])
  })

  test(verifies('A14', 'only the approver may reopen it'), async () => {
    const { ask, guard, questions } = persistent()
    const denied = await ask()
    const id = denied.trace.approvalId ?? ''
    for (const identity of [
      user({ subject: 'bob' }),
      user({ actor: { subject: 'agent' } }),
      user({ clientId: 'job' }),
    ]) {
      const reopened = await guard.approvals.reopen(id, { identity }).catch((error: Error) => error.name)
      expect([undefined, 'IdentityRequiredError']).toContain(reopened)
      expect(await ask()).toMatchObject({ code: 'approval_denied', retryAfter: expect.any(Number) })
    }
    expect(await guard.approvals.reopen(id, { identity: user() })).toMatchObject({ id, state: 'denied' })
    await ask()
    expect(questions).toHaveLength(2)
  })

  test('and on the page that showed the question', async () => {
    const { guard, call, store, clock } = smallWorld()
    const behalf = guard({ approvals: inAppApprovals() })
    const inbox = inAppInbox({ store, keys, clock, identityOf: () => user() })
    await behalf.run(asks, call(), () => 'ran')
    const page = 'https://app.example/inbox'
    const { questions } = await (await inbox(new Request(page))).json()
    const say = async (answer: string) => {
      const { id, answerToken } = questions[0]
      const headers = { 'content-type': 'application/json', origin: 'https://app.example' }
      return inbox(new Request(page, { method: 'POST', headers, body: JSON.stringify({ id, answer, answerToken }) }))
    }
    expect((await say('reopen')).status).toBe(409)
    expect((await say('deny')).status).toBe(200)
    expect(await behalf.run(asks, call({ slot: 'new' }), () => 'ran')).toMatchObject({ code: 'approval_denied' })
    expect(await (await say('reopen')).json()).toMatchObject({ state: 'reopened' })
    expect(await behalf.run(asks, call({ slot: 'new' }), () => 'ran')).toMatchObject({ status: 'interrupted' })
  })
})
