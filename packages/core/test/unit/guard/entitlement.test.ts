import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { policy, resource, type UserIdentity } from '../../../src/index.ts'
import { api, mail } from './in-doubt-world.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

/** Asks where `asksNow` says so. */
function changing(over: object = {}) {
  const state = { asksNow: false, approver: 'carol' }
  const rules = policy(schema, {
    version: '1',
    approval: {
      message: ({ input }) => `Pay ${input.amount}`,
      when: () => state.asksNow,
      approver: () => ({ issuer: ISSUER, subject: state.approver }),
      ...over,
    },
  })
  return { state, rules }
}

describe('a record proves only what was asked and answered (A11)', () => {
  test('a run that needed no approval and did not start asks if its next attempt needs one', async () => {
    const { guard, call, questions } = smallWorld()
    const { state, rules } = changing()
    const behalf = guard()
    await behalf
      .run(rules, call(), () => {
        throw new (class extends Error {})('before anything')
      })
      .catch(() => {})
    state.asksNow = true
    const outcome = await behalf.run(rules, call(), () => 'ran')
    // Without a credential the SDK has seen nothing of the first try, so it is in doubt.
    expect(outcome).toMatchObject({ status: 'denied', code: 'unknown_outcome' })
    expect(questions).toHaveLength(0)
  })

  test(
    verifies('A11', 'an exempt run that was resolved as not run asks if its next attempt needs an approval'),
    async () => {
      const { guard, call, questions, clock } = smallWorld()
      const { state, rules } = changing()
      const behalf = guard()
      const body = Promise.withResolvers<void>()
      void behalf.run(rules, call(), () => {
        body.resolve()
        return new Promise(() => {})
      })
      await body.promise
      clock.advance(61)
      const crashed = await behalf.run(rules, call(), () => 'ran')
      expect(crashed).toMatchObject({ code: 'unknown_outcome' })
      await behalf.approvals.resolve(crashed.trace.approvalId ?? '', 'did_not_run', { identity: user() })
      state.asksNow = true
      expect(await behalf.run(rules, call(), () => 'ran')).toMatchObject({
        status: 'interrupted',
        interrupt: { id: crashed.trace.approvalId, kind: 'approval_pending' },
      })
      expect(questions).toHaveLength(1)
    },
  )

  test('a preflight that needed no approval exempts no later run', async () => {
    const { guard, call, questions } = smallWorld()
    const { state, rules } = changing()
    expect(await guard().preflight(rules, call())).toMatchObject({ status: 'ready' })
    state.asksNow = true
    expect(await guard().run(rules, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(1)
  })

  test(
    verifies('A11', 'a yes of an approver whom the policy names no more is not used: the new approver is asked'),
    async () => {
      const { guard, call, questions, answers, clock } = smallWorld()
      const { state, rules } = changing()
      state.asksNow = true
      state.approver = 'bob'
      await guard().run(rules, call(), () => 'ran')
      answers({ status: 'approved' })
      clock.advance(6)
      expect(await guard().preflight(rules, call())).toMatchObject({ status: 'ready' })
      answers({ status: 'pending' })
      state.approver = 'carol'
      expect(await guard().run(rules, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
      expect(questions.map(({ approver }) => approver.subject)).toEqual(['bob', 'carol'])
      answers({ status: 'approved' })
      clock.advance(6)
      expect(await guard().run(rules, call(), () => 'ran')).toMatchObject({ status: 'done' })
    },
  )

  test(
    verifies('A11', 'an open question to one approver is not taken over by a policy that names another'),
    async () => {
      const { guard, call, questions, answers, clock, channel } = smallWorld()
      const told: unknown[] = []
      const approvals: ApprovalChannel = {
        ...channel,
        cancel: async (_, question) => void told.push(question.approver),
      }
      const { state, rules } = changing()
      state.asksNow = true
      const behalf = guard({ approvals })
      await behalf.run(rules, call({ slot: 'one' }), () => 'ran')
      state.approver = 'dave'
      await behalf.run(rules, call({ slot: 'two' }), () => 'ran')
      clock.advance(8)
      await behalf.run(rules, call({ slot: 'one' }), () => 'ran')
      expect(questions.map(({ approver }) => approver.subject)).toEqual(['carol', 'dave', 'dave'])
      expect(told).toEqual([{ issuer: ISSUER, subject: 'carol' }])
      answers({ status: 'approved' })
      clock.advance(6)
      expect(await behalf.run(rules, call({ slot: 'one' }), () => 'ran')).toMatchObject({ status: 'done' })
    },
  )

  test.each([
    ['', {}],
    [' in one tenant, where the policy names none', { tenant: 'one' }],
  ])(verifies('A11', 'a yes of an approver who was revoked after it is not used%s'), async (_, whose) => {
    const { guard, call, answers, clock, questions } = smallWorld()
    const { state, rules } = changing()
    state.asksNow = true
    const behalf = guard()
    await behalf.run(rules, call(), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(6)
    expect(await behalf.preflight(rules, call())).toMatchObject({ status: 'ready' })
    clock.advance(1)
    await behalf.revoke({ issuer: ISSUER, subject: 'carol', ...whose })
    answers({ status: 'pending' })
    expect(await behalf.run(rules, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(2)
  })

  test.each<readonly [string, Partial<UserIdentity>]>([
    ['of another client', { clientId: 'mobile' }],
    ['that acts for the user', { actor: { subject: 'agent-7' } }],
  ])(verifies('A11', 'a yes is not used by a caller %s: the person is asked again'), async (_, over) => {
    const { guard, call, answers, clock, questions } = smallWorld()
    const { state, rules } = changing()
    state.asksNow = true
    const behalf = guard()
    await behalf.run(rules, call(), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(6)
    await behalf.preflight(rules, call())
    answers({ status: 'pending' })
    clock.advance(31)
    const identity = admit({ ...fieldsOf(user()), ...over })
    for (const slot of ['another', 'a third one']) {
      expect(await behalf.run(rules, call({ identity, slot }), () => 'ran')).toMatchObject({ status: 'interrupted' })
    }
    // In the slot of the first run an agent cannot ask; a caller of the same kind takes its place.
    const inItsSlot = await behalf.run(rules, call({ identity }), () => 'ran')
    expect(inItsSlot.status).toBe(identity.actor === undefined ? 'interrupted' : 'denied')
    expect(questions).toHaveLength(identity.actor === undefined ? 3 : 2)
  })

  test(
    verifies('A11', 'a yes to one version of a policy is not used by another, and the idempotency key stays'),
    async () => {
      const { guard, call, answers, clock, questions } = smallWorld()
      const version = (name: string) => policy(schema, { version: name, approval: { message: () => `Pay (${name})` } })
      const behalf = guard()
      const first = await behalf.run(version('1'), call(), () => 'ran')
      answers({ status: 'approved' })
      clock.advance(6)
      await behalf.preflight(version('1'), call())
      answers({ status: 'pending' })
      clock.advance(31)
      const second = await behalf.run(version('2'), call(), () => 'ran')
      expect(second).toMatchObject({ status: 'interrupted', interrupt: { message: 'Pay (2)' } })
      expect(second.trace.approvalId).toBe(first.trace.approvalId)
      expect(questions).toHaveLength(2)
    },
  )

  test.each([
    ['asks for more scopes', { access: { api: resource('https://api.example/', { scopes: ['read', 'admin'] }) } }],
    ['asks another API', { access: { api: resource('https://other.example/', { scopes: ['read'] }) } }],
    ['may be tried again after a crash', { approval: { message: () => 'Pay', onCrash: 'retry' } }],
  ] as const)(
    verifies('A11', 'a yes is not used by a policy that %s, though its version was not raised'),
    async (_, over) => {
      const { guard, call, questions, answers, clock } = smallWorld()
      const behalf = guard()
      const made = (changed: object) =>
        policy(schema, {
          version: '1',
          approval: { message: () => 'Pay' },
          access: { api: resource('https://api.example/', { scopes: ['read'] }) },
          ...changed,
        })
      await behalf.run(made({}), call(), () => 'ran')
      answers({ status: 'approved' })
      clock.advance(6)
      await behalf.run(made(over), call(), () => 'ran')
      clock.advance(31)
      answers({ status: 'pending' })
      expect(await behalf.run(made(over), call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
      expect(questions).toHaveLength(2)
    },
  )

  test.each([
    [1, 1, { status: 'denied', code: 'approval_expired' }],
    [undefined, 2, { status: 'interrupted' }],
  ] as const)(
    'a question that may be sent %s times is replaced while it is open only within that',
    async (maxSends, sent, end) => {
      const { guard, call, questions, answers, clock } = smallWorld()
      const behalf = guard()
      const made = (version: string) =>
        policy(schema, { version, approval: { message: () => `Pay (${version})`, ...(maxSends && { maxSends }) } })
      answers({ status: 'pending' })
      await behalf.run(made('1'), call(), () => 'ran')
      clock.advance(31)
      expect(await behalf.run(made('2'), call(), () => 'ran')).toMatchObject(end)
      expect(questions).toHaveLength(sent)
    },
  )

  test('the token that a yes brought is not used by a call that needs no approval any more', async () => {
    const { guard, call, channel, answers, clock } = smallWorld()
    const state = { asksNow: true }
    const rules = policy(schema, {
      version: '1',
      approval: { message: () => 'Pay?', details: () => [{ type: 'payment' }], when: () => state.asksNow },
      access: { api: resource('https://api.example/', { scopes: ['write'], withoutApproval: ['read'] }) },
    })
    const behalf = guard({ approvals: { ...channel, carriesCredential: () => true } })
    await behalf.run(rules, call(), () => 'ran')
    answers({ status: 'approved', token: { value: new Token('the-approval-token'), scopes: ['write'] } })
    clock.advance(10)
    expect(await behalf.preflight(rules, call())).toMatchObject({ status: 'ready' })
    state.asksNow = false
    let seen: unknown
    const outcome = await behalf.run(rules, call(), async (_, { access }) => {
      seen = access.api.scopes
    })
    // The exempt call asks for its own token, and the user came without one to exchange.
    expect([outcome.status, seen]).toEqual(['interrupted', undefined])
  })

  test.each<readonly [string, number, boolean, string]>([
    ['had no effect, in its slot', 429, false, 'one'],
    ['had no effect, in another slot', 429, false, 'two'],
    ['is in doubt and may be tried again, in another slot', 500, false, 'two'],
    ['is in doubt and may be tried again, in another slot of a policy that asks for every call', 500, true, 'two'],
  ])(
    verifies('A11', 'a run that a strong login (`acr`) had without a question, and that %s, asks for a weaker login'),
    async (_, status, perCall, slot) => {
      const { run, request, state, questions, sent, guard, call } = api()
      const rules = policy(schema, {
        version: '1',
        approval: {
          message: ({ input }) => `Pay ${input.amount}`,
          when: ({ identity }) => identity.kind !== 'user' || identity.acr !== 'gold',
          onCrash: 'retry',
          perCall,
        },
        access: { mail },
        writesOnlyBy: 'access',
      })
      const strong = { identity: user({ acr: 'gold' }) }
      expect(await guard.preflight(rules, call({ slot: 'one', ...strong }))).toMatchObject({ status: 'ready' })
      state.status = status
      expect(await run(rules, 'one', request('POST'), strong)).toBeInstanceOf(Error)
      state.status = 200
      expect(await run(rules, slot, request('POST'))).toMatchObject({
        status: 'interrupted',
        interrupt: { kind: 'approval_pending' },
      })
      expect([questions.length, sent.length]).toEqual([1, 1])
      // The strong login still needs no approval.
      if (slot === 'one') return
      expect(await guard.preflight(rules, call({ slot: 'one', ...strong }))).toMatchObject({ status: 'ready' })
    },
  )
})
