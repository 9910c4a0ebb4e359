import { expect, test } from 'vitest'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { admit } from '../../../src/identity/verified.ts'
import {
  type GuardWithDelegations,
  HadNoEffect,
  policy,
  TransportError,
  type UserIdentity,
} from '../../../src/index.ts'
import type { ApprovalAnswer } from '../../../src/runs/channels/approval-channel.ts'
import { api, mail } from './in-doubt-world.ts'
import { asks, ISSUER, schema, smallWorld, user } from './small-world.ts'

const askV = (version: string, over: object = {}) =>
  policy(schema, { version, approval: { message: () => 'Pay', ...over } })
const carol = { issuer: ISSUER, subject: 'carol' }
const asksCarol = askV('1', { approver: () => carol })
const isUser = ({ actor, delegationId }: UserIdentity) => actor === undefined && delegationId === undefined
/** An agent that acts for itself. */
const alone = (clientId: string) => admit({ kind: 'agent', issuer: ISSUER, clientId, claims: {} })

test('noes to one agent that acts for itself close no tool of another one', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  answers({ status: 'denied' })
  for (let amount = 0; amount < 3; amount++) {
    const theirs = call({ slot: `${amount}`, input: { amount }, identity: alone('one') })
    await g.run(asksCarol, theirs, () => 1)
    clock.advance(8)
    expect(await g.run(asksCarol, theirs, () => 1)).toMatchObject({ code: 'approval_denied' })
  }
  expect(await g.run(asksCarol, call({ identity: alone('two') }), () => 1)).toMatchObject({ status: 'interrupted' })
  expect(await g.run(asksCarol, call({ slot: 'more', identity: alone('one') }), () => 1)).toMatchObject({
    code: 'approval_denied',
  })
})
test('the questions of one agent that acts for itself do not fill the minute of another', async () => {
  const { guard, call } = smallWorld()
  const g = guard()
  for (let amount = 0; amount < 20; amount++) {
    await g.run(asksCarol, call({ slot: `${amount}`, input: { amount }, identity: alone('one') }), () => 1)
  }
  expect(await g.run(asksCarol, call({ identity: alone('two') }), () => 1)).toMatchObject({ status: 'interrupted' })
})

test.each([
  ['one call', () => asks],
  ['two versions of a policy in turn', (i: number) => askV(`${i % 2}`)],
])(
  'a question whose sending gets no answer is sent after pauses that grow, and not at each try: %s',
  async (_, rules) => {
    const { guard, call, clock, channel } = smallWorld()
    const sent: number[] = []
    const ask = async () => {
      sent.push(clock.now())
      throw new TransportError('the push went out, and its answer was lost')
    }
    const g = guard({ approvals: { ...channel, ask } })
    for (let i = 0; i < 95; i++, clock.advance(6)) await g.run(rules(i), call(), () => 'ran')
    expect(sent.map((at) => (at - (sent[0] ?? 0)) / 1000)).toEqual([0, 6, 12, 18, 24, 54, 114, 234, 474])
  },
)
test('a server that answers again after five lost questions is asked half a minute later', async () => {
  const { guard, call, clock, failsToAsk, questions } = smallWorld()
  const g = guard()
  failsToAsk(() => Promise.reject(new TransportError('down')))
  for (let i = 0; i < 5; i++, clock.advance(6)) await g.run(asks, call(), () => 'ran')
  failsToAsk(() => {})
  expect(await g.run(asks, call(), () => 'ran')).toMatchObject({ status: 'unavailable' })
  clock.advance(24)
  expect(await g.run(asks, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
  expect(questions).toHaveLength(1)
})

/** A run whose first try is in doubt, and whose second one had no effect. */
async function doubtfulThenRefused(tries: number) {
  const w = api()
  const approval = { message: () => 'Pay', onCrash: 'retry', perCall: true } as const
  const rules = policy(schema, { version: '1', approval, access: { mail } })
  w.answers({ status: 'approved' })
  await w.run(rules, 'one', w.request('POST'))
  w.clock.advance(8)
  w.state.status = 500
  await w.run(rules, 'one', w.request('POST'))
  w.state.status = 429
  let last: unknown
  for (let i = 0; i < tries; i++) last = await w.run(rules, 'one', w.request('POST'))
  w.state.status = 200
  w.answers({ status: 'pending' })
  return { ...w, rules, last }
}
test('a later try without effect takes no doubt from an earlier one: the person is told of it', async () => {
  const w = await doubtfulThenRefused(1)
  expect(await w.run(w.rules, 'two', w.request('POST'))).toMatchObject({
    interrupt: { message: expect.stringContaining('without a known result') },
  })
})
test('nor does it let an equal call run that needs no approval', async () => {
  const w = await doubtfulThenRefused(1)
  const bare = policy(schema, { version: '1', effect: 'write', access: { mail } })
  expect(await w.run(bare, 'two', w.request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  expect(w.sent).toHaveLength(2)
})
test('after its last try, such a run is in doubt still, and can be resolved', async () => {
  const w = await doubtfulThenRefused(3)
  expect(w.last).toMatchObject({ code: 'unknown_outcome' })
  const [mine] = await w.guard.approvals.list({ identity: user(), as: 'owner' })
  const resolved = await w.guard.approvals.resolve(mine?.id ?? '', 'ran', { identity: user(), result: 'paid' })
  expect(resolved).toMatchObject({ run: 'completed' })
  expect(w.keys).toHaveLength(3)
})
test('its own slot tries it again, three times in all and with the same key', async () => {
  const w = await doubtfulThenRefused(1)
  expect(await w.run(w.rules, 'one', w.request('POST'))).toMatchObject({ status: 'done', result: 'paid' })
  expect(new Set(w.keys).size).toBe(1)
})

test('a try without effect leaves a run to the other sessions that share it', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  const of = (sessionId: string) => call({ identity: user({ sessionId }) })
  await g.run(asks, of('one'), () => 'ran')
  await g.run(asks, of('two'), () => 'ran')
  answers({ status: 'approved' })
  clock.advance(8)
  await g.run(asks, of('two'), () => Promise.reject(new HadNoEffect(new Error('x')))).catch(() => {})
  await g.revoke({ issuer: ISSUER, session: 'two' })
  expect(await g.run(asks, of('one'), () => 'ran')).toMatchObject({ status: 'done' })
})
test('such a run still ends with the last of them', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  const of = (sessionId: string) => call({ identity: user({ sessionId }) })
  await g.run(asks, of('one'), () => 'ran')
  answers({ status: 'approved' })
  clock.advance(8)
  await g.run(asks, of('two'), () => Promise.reject(new HadNoEffect(new Error('x')))).catch(() => {})
  await g.revoke({ issuer: ISSUER, session: 'two' })
  await g.revoke({ issuer: ISSUER, session: 'one' })
  expect(await g.run(asks, of('three'), () => 'ran')).toMatchObject({ code: 'revoked' })
})
test.each([
  ['an agent', async () => user({ actor: { subject: 'agent-7' } })],
  [
    'a job',
    (g: GuardWithDelegations, end: number) =>
      g.delegations
        .create({ identity: user(), tools: ['pay'], expiresAt: end })
        .then(({ id }) => g.delegations.identity(id)),
  ],
])('%s that need not ask does not use up the yes that its user was given in the same slot', async (_, other) => {
  const { guard, call, clock, answers, questions } = smallWorld()
  const g = guard()
  const identity = await other(g, clock.now() / 1000 + 9999)
  const rules = askV('1', { when: ({ identity }: { identity: UserIdentity }) => isUser(identity) })
  await g.run(rules, call(), () => 'ran')
  answers({ status: 'approved' })
  clock.advance(8)
  await g.preflight(rules, call())
  const theirs = await g.run(rules, call({ identity }), () => Promise.reject(new HadNoEffect(new Error('x'))))
  expect(theirs).toMatchObject({ code: 'not_permitted' })
  expect(await g.run(rules, call(), () => 'ran')).toMatchObject({ status: 'done' })
  expect(questions).toHaveLength(1)
})

test.each<
  readonly [string, (g: GuardWithDelegations, id: string, w: ReturnType<typeof smallWorld>) => Promise<unknown>]
>([
  ['is cancelled', (g, id) => g.approvals.cancel(id, { identity: user() })],
  ['is revoked', (g) => g.revoke({ issuer: ISSUER, subject: 'ann' })],
  ['is replaced', (g, _, { call }) => g.run(askV('2'), call(), () => 'ran')],
])('a question that %s while it is sent is taken back from its channel', async (_, change) => {
  const w = smallWorld()
  const taken: unknown[] = []
  let isFirst = true
  const channel: ApprovalChannel = {
    ...w.channel,
    ask: async (question, context) => {
      const asked = await w.channel.ask(question, context)
      if (isFirst) {
        isFirst = false
        await change(g, question.approvalId, w)
      }
      return asked
    },
    cancel: async ({ state }) => void taken.push(state),
  }
  const g = w.guard({ approvals: channel })
  await g.run(asks, w.call(), () => 'ran')
  expect(taken).toEqual([{ n: 1 }])
})
test.each(['denied', 'failed'] as const)(
  'an answer of a channel that gives no text with it counts: %s',
  async (status) => {
    const { guard, call, clock, answers } = smallWorld()
    const g = guard()
    await g.run(asks, call(), () => 'ran')
    answers({ status, detail: 42 } as never)
    clock.advance(8)
    expect(await g.run(asks, call(), () => 'ran')).toMatchObject({ code: `approval_${status}` })
  },
)
test('a policy whose directory no longer knows the approver says so', async () => {
  const { guard, call, clock, answers } = smallWorld()
  let approver: unknown = carol
  const rules = askV('1', { approver: () => approver })
  const g = guard()
  await g.run(rules, call(), () => 'ran')
  answers({ status: 'approved' })
  clock.advance(8)
  approver = null
  expect(await g.run(rules, call(), () => 'ran')).toMatchObject({ code: 'misconfigured' })
})

test('a no is not lost where another version of the policy asks before a poll is due', async () => {
  const { guard, call, clock, answers, questions } = smallWorld()
  const g = guard()
  await g.run(asks, call(), () => 'ran')
  answers({ status: 'denied' })
  clock.advance(3)
  expect(await g.run(askV('2'), call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
  clock.advance(5)
  expect(await g.run(askV('2'), call(), () => 'ran')).toMatchObject({ code: 'approval_denied' })
  expect(questions).toHaveLength(1)
})
test('a no is not lost where another version of the policy asks while it is polled', async () => {
  const { guard, call, clock, answers, questions } = smallWorld()
  const g = guard()
  await g.run(asks, call(), () => 'ran')
  clock.advance(8)
  const polling = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<ApprovalAnswer>()
  answers(() => {
    polling.resolve()
    return answer.promise
  })
  const first = g.run(asks, call(), () => 'ran')
  await polling.promise
  await g.run(askV('2'), call(), () => 'ran')
  answer.resolve({ status: 'denied' })
  expect(await first).toMatchObject({ code: 'approval_denied' })
  expect(questions).toHaveLength(1)
})
test('a question of a channel that is gone is replaced at once: it cannot be polled', async () => {
  const { guard, call, channel, questions } = smallWorld()
  await guard({ approvals: { phone: channel } }).run(asks, call(), () => 'ran')
  await guard({ approvals: { page: channel } }).run(asks, call(), () => 'ran')
  expect(questions).toHaveLength(2)
})

test('a yes that was found after a minute of outages is left to the version that it was given to', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  await g.run(asks, call(), () => 'ran')
  answers(() => Promise.reject(new TransportError('down')))
  for (let i = 0; i < 8; i++) {
    clock.advance(8)
    await g.run(asks, call(), () => 'ran')
  }
  answers({ status: 'approved' })
  clock.advance(8)
  expect(await g.run(askV('2'), call(), () => 'ran')).toMatchObject({ status: 'unavailable' })
  expect(await g.run(asks, call(), () => 'ran')).toMatchObject({ status: 'done' })
})
test('a run whose body threw what cannot be looked at ends, in doubt', async () => {
  const w = api()
  const rules = policy(schema, { version: '1', effect: 'write', access: { mail } })
  const trap = () => {
    throw new Error('a trap')
  }
  await w.run(rules, 'one', async (_, { access }) => {
    await access.mail.fetch('https://mail.example/pay', { method: 'POST' })
    throw new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap })
  })
  expect(await w.run(rules, 'one', w.request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  expect(await w.run(rules, 'two', w.request('POST'))).toMatchObject({ code: 'unknown_outcome' })
  expect(w.sent).toHaveLength(1)
})
