import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { type ApprovalQuestion, approvalAnswers, type VerifiedAnswer } from '../../../src/entrypoints/channels.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { policy, TransportError, type UserIdentity } from '../../../src/index.ts'
import { ISSUER, keys, schema, smallWorld, user } from '../guard/small-world.ts'

const bob = { issuer: ISSUER, subject: 'bob' }
const authorizationServer = oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' })

/** A guard that asks bob by a channel whose answers arrive by themselves. What a test gives counts as verified. */
function pushed(channel: Partial<ApprovalChannel> = {}) {
  const world = smallWorld()
  const { clock, store } = world
  const questions: ApprovalQuestion[] = []
  let approver = bob
  const chat: ApprovalChannel = {
    specificationVersion: 2,
    ask: async (question) => {
      questions.push(question)
      return { state: {} }
    },
    verify: async (answer) => {
      if (typeof answer !== 'object') throw new Error('no signature')
      return answer as VerifiedAnswer
    },
    ...channel,
  }
  const approvals = { chat, mail: chat }
  const rule = policy(schema, {
    version: '1',
    approval: { message: ({ input }) => `Pay ${input.amount}`, channel: 'chat', approver: () => approver },
  })
  const guard = world.guard({ approvals })
  const take = approvalAnswers({ authorizationServer, approvals, store, keys, clock })
  const last = () => questions.at(-1) as ApprovalQuestion
  const aheadBy = (seconds: number) => ({ ...clock, now: () => clock.now() + seconds * 1000 })
  return {
    ...world,
    behalf: guard,
    rule,
    guardAt: (ahead: number) => world.guard({ approvals, clock: aheadBy(ahead) }),
    takenAt: (ahead: number, answer: unknown) =>
      approvalAnswers({ authorizationServer, approvals, store, keys, clock: aheadBy(ahead) })(answer, 'chat'),
    questions,
    run: (over = {}) => guard.run(rule, world.call(over), () => 'paid'),
    name: (other: typeof bob) => {
      approver = other
    },
    take: (answer: unknown, name = 'chat') => take(answer, name),
    given: (over: Partial<VerifiedAnswer> = {}): VerifiedAnswer => ({
      approvalId: last().approvalId,
      questionId: last().questionId,
      approver: bob,
      decision: 'approved',
      evidence: { message: 'm-1' },
      at: clock.now() / 1000,
      ...over,
    }),
    view: async () => (await guard.approvals.list({ identity: user(), as: 'owner' }))[0],
  }
}

const refused = (reason: string) => ({ code: 'ERR_APPROVAL_ANSWER', reason })

describe('an answer that arrives by itself', () => {
  test('starts the tool once, and its evidence is kept with the record', async () => {
    const { run, take, given, questions, view } = pushed()
    expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending', interval: 5 } })
    const { approvalId: id } = questions[0] as ApprovalQuestion
    expect(await take(given())).toEqual({ id, state: 'approved' })
    expect(await view()).toMatchObject({ id, state: 'approved', approver: bob, evidence: { message: 'm-1' } })
    expect(await run()).toMatchObject({ status: 'done', result: 'paid' })
    expect(questions).toHaveLength(1)
  })

  test('that is a no ends the question, with its evidence', async () => {
    const { run, take, given, behalf } = pushed()
    await run()
    await take(given({ decision: 'denied' }))
    expect(await run()).toMatchObject({ status: 'denied', code: 'approval_denied' })
    const view = await behalf.approvals.get(given().approvalId, { identity: user() })
    expect(view).toMatchObject({ state: 'denied', evidence: { message: 'm-1' } })
  })

  test('is not waited for past the end of its delivery: the question is sent again', async () => {
    const ends: number[] = [1_800_000_300]
    const { run, clock, take, given, questions } = pushed({
      ask: async (question) => {
        questions.push(question)
        return { state: {}, expiresAt: ends.shift() ?? question.expiresAt }
      },
    })
    await run()
    clock.advance(299)
    await run()
    expect(questions).toHaveLength(1)
    clock.advance(1)
    await run()
    expect(questions).toHaveLength(2)
    await take(given())
    expect(await run()).toMatchObject({ status: 'done' })
  })

  test('counts from when it was given: it is void after `useWithinSeconds`', async () => {
    const { run, take, given, clock } = pushed()
    await run()
    clock.advance(1_200)
    await take(given({ at: clock.now() / 1000 - 1_000 }))
    expect(await run()).toMatchObject({ status: 'denied', code: 'approval_expired' })
  })
})

describe('where the clock of a process is ahead', () => {
  test.each([120, 3540])(
    verifies('A11', 'an answer that it takes does not count once the access of its approver ended: %d s'),
    async (ahead) => {
      for (const by of [() => bob, () => user({ subject: 'bob' })]) {
        const { run, given, clock, behalf, takenAt } = pushed()
        await run()
        await takenAt(ahead, given({ at: clock.now() / 1000 + ahead, approver: by() }))
        clock.advance(45)
        await behalf.revoke(bob)
        expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
      }
    },
  )

  test(verifies('A11', 'no answer is taken to its question after the access of the approver ended'), async () => {
    const { call, clock, behalf, given, takenAt, guardAt, rule } = pushed()
    await guardAt(120).run(rule, call(), () => 'paid')
    clock.advance(60)
    await behalf.revoke(bob)
    clock.advance(60)
    await expect(takenAt(120, given({ at: clock.now() / 1000 + 120 }))).rejects.toMatchObject({ reason: 'inactive' })
  })
})

describe('an answer that changes nothing', () => {
  const elsewhere = { issuer: 'https://other.example', subject: 'bob' }
  const fakeAgent = { ...bob, kind: 'user', actor: { subject: 'agent' } } as never

  test.each<readonly [string, (given: VerifiedAnswer, now: number) => unknown, string]>([
    ['the channel does not verify it', () => 'forged', 'unverified'],
    ['the channel gives nothing', () => null, 'unverified'],
    ['the channel names no decision', (given) => ({ ...given, decision: 'yes' }), 'unverified'],
    ['the channel names no question', ({ questionId: _, ...given }) => given, 'unverified'],
    ['the channel names no time', (given) => ({ ...given, at: Number.NaN }), 'unverified'],
    ['it has no evidence', ({ evidence: _, ...given }) => given, 'unverified'],
    ['its evidence is no plain JSON', (given) => ({ ...given, evidence: { at: new Date() } }), 'unverified'],
    ['its evidence is too large', (given) => ({ ...given, evidence: { text: 'x'.repeat(20_000) } }), 'unverified'],
    ['an identity that no verification made', (given) => ({ ...given, approver: fakeAgent }), 'unverified'],
    ['it is from the future', (given, now) => ({ ...given, at: now + 31 }), 'unverified'],
    ['it is older than its question', (given, now) => ({ ...given, at: now - 91 }), 'unverified'],
    ['it is for an unknown approval', (given) => ({ ...given, approvalId: 'none' }), 'unknown'],
    ['it is for another question of this approval', (given) => ({ ...given, questionId: 'old' }), 'not_open'],
    ['it is of another person', (given) => ({ ...given, approver: { ...bob, subject: 'ann' } }), 'wrong_approver'],
    ['it is of another tenant', (given) => ({ ...given, approver: { ...bob, tenant: 't' } }), 'wrong_approver'],
    ['it is of another issuer', (given) => ({ ...given, approver: elsewhere }), 'wrong_approver'],
  ])(verifies('A8', '%s'), async (_, change, reason) => {
    const { run, take, given, clock, view } = pushed()
    await run()
    clock.advance(60)
    await expect(take(change(given(), clock.now() / 1000))).rejects.toMatchObject(refused(reason))
    expect(await view()).toMatchObject({ state: 'open' })
    expect(await run()).toMatchObject({ status: 'interrupted' })
  })

  test(verifies('A8', 'it came by another channel than the question'), async () => {
    const { run, take, given } = pushed()
    await run()
    await expect(take(given(), 'mail')).rejects.toMatchObject(refused('unknown'))
    await expect(take(given(), 'pigeon')).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(await run()).toMatchObject({ status: 'interrupted' })
  })

  test(verifies('A7', 'it is late, also where nothing has ended the question yet'), async () => {
    const { run, take, given, clock } = pushed()
    await run()
    clock.advance(3_600)
    const inTime = given({ at: clock.now() / 1000 - 1 })
    await expect(take(inTime)).rejects.toMatchObject(refused('late'))
    expect(await run()).toMatchObject({ status: 'denied', code: 'approval_expired' })
    await expect(take(inTime)).rejects.toMatchObject(refused('late'))
  })

  test(verifies('A5', 'it is replayed: after it was used, and after a no'), async () => {
    const yes = pushed()
    await yes.run()
    const given = yes.given()
    await yes.take(given)
    await expect(yes.take(given)).rejects.toMatchObject(refused('not_open'))
    await yes.run()
    await expect(yes.take(given)).rejects.toMatchObject(refused('not_open'))
    const no = pushed()
    await no.run()
    await no.take(no.given({ decision: 'denied' }))
    await expect(no.take(no.given())).rejects.toMatchObject(refused('not_open'))
    expect(await no.run()).toMatchObject({ status: 'denied', code: 'approval_denied' })
  })

  test(
    verifies('A11', 'it is for a question that another one has replaced, since the policy names another approver'),
    async () => {
      const { run, take, given, name, questions } = pushed()
      await run()
      const old = given()
      name({ issuer: ISSUER, subject: 'carol' })
      await run()
      expect(questions).toHaveLength(2)
      await expect(take(old)).rejects.toMatchObject(refused('wrong_approver'))
      expect(await run()).toMatchObject({ status: 'interrupted' })
    },
  )

  test(
    verifies('A11', 'it is a yes of an approver whom the policy no longer names: the tool does not start'),
    async () => {
      const { run, take, given, name, questions } = pushed()
      await run()
      await take(given())
      name({ issuer: ISSUER, subject: 'carol' })
      expect(await run()).toMatchObject({ status: 'interrupted' })
      expect(questions.at(-1)).toMatchObject({ approver: { subject: 'carol' } })
    },
  )

  test(verifies('I10', 'it is of an agent, a job, or a client that is not interactive'), async () => {
    const { run, take, given, view } = pushed()
    await run()
    const absent: readonly UserIdentity[] = [
      user({ ...bob, actor: { subject: 'agent:payer' } }),
      user({ ...bob, delegationId: 'd-1' }),
      user({ ...bob, clientId: 'other' }),
    ]
    for (const approver of absent) {
      await expect(take(given({ approver }))).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    }
    expect(await view()).toMatchObject({ state: 'open' })
    await take(given({ approver: user(bob) }))
    expect(await run()).toMatchObject({ status: 'done' })
  })

  test(verifies('I11', 'it is of an approver whose access was revoked after they were asked'), async () => {
    const { run, take, given, behalf, clock, view } = pushed()
    await run()
    clock.advance(60)
    await behalf.revoke({ issuer: ISSUER, subject: 'bob' })
    clock.advance(60)
    await expect(take(given())).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
    await expect(take(given({ approver: user(bob) }))).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    expect(await view()).toMatchObject({ state: 'open' })
  })

  test('the access of its approver was revoked in one tenant, where the policy and the channel name none', async () => {
    const { run, take, given, behalf, clock } = pushed()
    await run()
    clock.advance(60)
    await behalf.revoke({ issuer: ISSUER, tenant: 'one', subject: 'bob' })
    clock.advance(60)
    await expect(take(given())).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'inactive' })
  })

  test('the question is cancelled', async () => {
    const { run, take, given, behalf } = pushed()
    await run()
    await behalf.approvals.cancel(given().approvalId, { identity: user() })
    await expect(take(given())).rejects.toMatchObject(refused('not_open'))
  })
})

test('of a hundred answers at once, one counts', async () => {
  const { run, take, given } = pushed()
  await run()
  const answers = await Promise.allSettled(
    Array.from({ length: 100 }, (_, index) => take(given({ decision: index % 2 === 0 ? 'approved' : 'denied' }))),
  )
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
})

test('an outage of the channel is no refusal: the app may try again', async () => {
  const { run, take, given } = pushed({ verify: () => Promise.reject(new TransportError('the chat is down')) })
  await run()
  await expect(take(given())).rejects.toMatchObject({ code: 'ERR_TRANSPORT', retryable: true })
})

test('a channel without `poll` and `verify`, and one of another version, is refused', () => {
  const { guard } = smallWorld()
  const ask = async () => ({ state: {} })
  for (const channel of [
    { specificationVersion: 2, ask },
    { specificationVersion: 1, ask, poll: ask },
  ]) {
    expect(() => guard({ approvals: channel as never })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
  }
})
