import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { HadNoEffect, policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { api, mail, vault } from './in-doubt-world.ts'
import { passingTime, quiet, stopTime } from './passing-time.ts'
import { asks, ISSUER, schema, smallWorld, user, writes } from './small-world.ts'

const askV = (version: string, over: object = {}) =>
  policy(schema, { version, approval: { message: () => 'Pay', ...over } })
const agent = () => user({ actor: { subject: 'agent-7' } })

test(
  verifies('A11', 'a result is not told to another kind of caller who tried the slot before, without effect'),
  async () => {
    const { guard, call } = smallWorld()
    const g = guard()
    await g
      .run(writes, call({ identity: agent() }), () => Promise.reject(new HadNoEffect(new Error('x'))))
      .catch(() => {})
    await g.run(writes, call(), () => 'secret')
    expect(JSON.stringify(await g.run(writes, call({ identity: agent() }), () => 'again'))).not.toContain('secret')
  },
)
test('the caller who ran it gets its result, even if another tried the slot before', async () => {
  const { guard, call } = smallWorld()
  const g = guard()
  await g
    .run(writes, call({ identity: agent() }), () => Promise.reject(new HadNoEffect(new Error('x'))))
    .catch(() => {})
  await g.run(writes, call(), () => 'secret')
  expect(await g.run(writes, call(), () => 'again')).toMatchObject({ status: 'done', result: 'secret' })
})

async function retried() {
  const w = api()
  const rules = policy(schema, { version: '1', approval: { message: () => 'Pay', onCrash: 'retry' }, access: { mail } })
  w.answers({ status: 'approved' })
  await w.run(rules, 'one', w.request('POST'))
  w.clock.advance(6)
  w.state.status = 500
  await w.run(rules, 'one', w.request('POST'))
  w.state.status = 200
  const [mine] = await w.guard.approvals.list({ identity: user(), as: 'owner' })
  return { ...w, rules, id: mine?.id ?? '' }
}
test('a run in doubt that may be tried again stays in doubt after a look at the inbox', async () => {
  const w = await retried()
  const bare = policy(schema, { version: '2', effect: 'write', access: { mail } })
  await w.guard.approvals.get(w.id, { identity: user() })
  expect(await w.run(bare, 'two', w.request('POST'))).toMatchObject({ code: 'unknown_outcome' })
})
test('a run in doubt that may be tried again stays in doubt after a preflight: the person is told', async () => {
  const w = await retried()
  await w.guard.preflight(w.rules, w.call({ slot: 'one' }))
  w.answers({ status: 'pending' })
  expect(await w.run(w.rules, 'two', w.request('POST'))).toMatchObject({
    interrupt: { message: expect.stringContaining('without a known result') },
  })
})
test('a run in doubt that may be tried again can be resolved after a look, and is not run again', async () => {
  const w = await retried()
  await w.guard.approvals.get(w.id, { identity: user() })
  await w.guard.approvals.resolve(w.id, 'ran', { identity: user(), result: 'paid' })
  await w.run(w.rules, 'one', w.request('POST'))
  expect(w.sent).toHaveLength(1)
})

test.each([
  ['two versions at once', 'version'],
  ['two clients at once', 'client'],
])('a no counts for whatever asks next: %s', async (_, by) => {
  const { guard, call, clock, questions, answers } = smallWorld()
  const g = guard()
  answers({ status: 'denied' })
  for (let i = 0; i < 60; i++) {
    const odd = i % 2 === 1
    const rules = askV(by === 'version' && odd ? '2' : '1')
    const identity = user({ clientId: by === 'client' && odd ? 'mobile' : 'agent' })
    await g.run(rules, call({ slot: `s${i >> 1}`, identity }), () => 'ran')
    clock.advance(6)
  }
  expect(questions.length).toBeLessThan(10)
})
test(verifies('A11', 'a yes is used while two versions of a policy poll in turn'), async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  answers({ status: 'approved' })
  const statuses: string[] = []
  for (let i = 0; i < 10; i++) {
    statuses.push((await g.run(askV(String(i % 2)), call(), () => 'ran')).status)
    clock.advance(6)
  }
  expect(statuses).toContain('done')
})

test('an equal call of another slot is not run within the minute in which a dead process is not known to be dead', async () => {
  const w = api()
  const rules = policy(schema, { version: '1', effect: 'write', access: { mail }, timeoutMs: 400 })
  const began = Promise.withResolvers<void>()
  void w.run(rules, 'one', async (_, { access }) => {
    await access.mail.fetch('https://mail.example/pay', { method: 'POST' })
    began.resolve()
    return new Promise(() => {})
  })
  await began.promise
  w.clock.advance(5)
  await w.behalf({ vault }).run(rules, w.call({ slot: 'two' }), w.request('POST') as never)
  expect(w.sent).toHaveLength(1)
})

test.each<readonly [string, (w: ReturnType<typeof smallWorld>) => Promise<unknown>]>([
  [
    'an approver whose tenant is null',
    (w) =>
      w
        .guard()
        .run(askV('1', { approver: () => ({ issuer: ISSUER, subject: 'carol', tenant: null }) }), w.call(), () => 1),
  ],
  [
    'a channel that names no state',
    (w) => w.guard({ approvals: { ...w.channel, ask: (async () => ({})) as never } }).run(asks, w.call(), () => 1),
  ],
])('what no record may hold is not written, and stops no revocation: %s', async (_, poison) => {
  const w = smallWorld()
  await w.guard().delegations.create({ identity: user(), tools: ['pay'], expiresAt: w.clock.now() / 1000 + 9999 })
  await poison(w)
  await expect(w.guard().revoke({ issuer: ISSUER, subject: 'ann' })).resolves.toMatchObject({ delegations: 1 })
})
test('a channel that gives nothing back from `ask` asks the person once', async () => {
  const w = smallWorld()
  let sent = 0
  const g = w.guard({ approvals: { ...w.channel, ask: (async () => void sent++) as never } })
  for (let i = 0; i < 20; i++, w.clock.advance(6)) await g.run(asks, w.call(), () => 1)
  expect(sent).toBeLessThanOrEqual(3)
})
test('a question of a channel that is gone ends with its time', async () => {
  const { guard, call, clock, channel } = smallWorld()
  await guard({ approvals: { phone: channel } }).run(asks, call(), () => 1)
  clock.advance(86_400)
  const identity = user({ claims: { iat: clock.now() / 1000 } })
  expect(await guard({ approvals: { page: channel } }).run(asks, call({ identity }), () => 1)).toMatchObject({
    status: 'denied',
  })
})
test('a yes does not count where its approver was revoked after it by a clock that is 20 s slow', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const rules = askV('1', { approver: () => ({ issuer: ISSUER, subject: 'carol' }) })
  const g = guard()
  await g.run(rules, call(), () => 'ran')
  clock.advance(40)
  answers(() => ({ status: 'approved', answeredAt: clock.now() / 1000 - 1 }))
  await g.preflight(rules, call())
  clock.advance(5)
  answers({ status: 'pending' })
  await guard({ clock: { now: () => clock.now() - 20_000 } }).revoke({ issuer: ISSUER, subject: 'carol' })
  expect(await g.run(rules, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
})
test('a proof that is revoked while its run is written sends no question', async () => {
  const w = smallWorld()
  let hold = true
  const store = tapped(w.store, async (operation, key, next) => {
    if (operation === 'put' && key.startsWith('run:') && hold) {
      hold = false
      await w.guard().revoke({ issuer: ISSUER, subject: 'ann' })
    }
    return next()
  })
  await w.guard({ store }).run(asks, w.call(), () => 'ran')
  expect(w.questions).toHaveLength(0)
})
test('a delegation that its owner ended leaves no open question', async () => {
  const { guard, call, clock } = smallWorld()
  const g = guard()
  const { id } = await g.delegations.create({ identity: user(), tools: ['pay'], expiresAt: clock.now() / 1000 + 9999 })
  await g.run(asks, call({ identity: await g.delegations.identity(id) }), () => 1)
  await g.delegations.revoke(id, { identity: user() })
  expect(await g.approvals.list({ identity: user(), as: 'approver' })).toEqual([])
})
test('an agent does not undo the yes of the user in its slot', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  await g.run(asks, call(), () => 'ran')
  answers({ status: 'approved' })
  clock.advance(6)
  await g.preflight(asks, call())
  answers({ status: 'pending' })
  const theirs = await g.run(asks, call({ identity: agent() }), () => 'ran')
  await g.approvals.cancel(theirs.trace.approvalId ?? '', { identity: agent() })
  expect(await g.run(asks, call(), () => 'ran')).toMatchObject({ status: 'done' })
})
test('a run is remembered for 30 days after its end, however late it started', async () => {
  const { guard, call, clock } = smallWorld()
  const g = guard()
  const now = () => call({ identity: user({ claims: { iat: clock.now() / 1000 } }) })
  let runs = 0
  await g.run(writes, now(), () => Promise.reject(new HadNoEffect(new Error('x')))).catch(() => {})
  clock.advance(29 * 86_400)
  await g.run(writes, now(), () => ++runs)
  clock.advance(2 * 86_400)
  await g.run(writes, now(), () => ++runs)
  expect(runs).toBe(1)
})
test('the questions of one owner do not fill the minute of another', async () => {
  const { guard, call } = smallWorld()
  const g = guard()
  const rules = askV('1', { approver: () => ({ issuer: ISSUER, subject: 'carol' }) })
  for (let i = 0; i < 20; i++) {
    await g.run(rules, call({ slot: `m${i}`, input: { amount: i }, identity: user({ subject: 'mallory' }) }), () => 1)
  }
  expect(await g.run(rules, call(), () => 1)).toMatchObject({ status: 'interrupted' })
})
test('onCrash is what the policy says now', async () => {
  const w = await retried()
  const report = policy(schema, { version: '1', approval: { message: () => 'Pay' }, access: { mail } })
  expect(await w.run(report, 'one', w.request('POST'))).toMatchObject({ code: 'unknown_outcome' })
})

test('an inner call that had no effect says nothing of the call around it: its write is not done again', async () => {
  const w = api()
  const outer = policy(schema, { version: '1', effect: 'write', access: { mail } })
  const body = async (_: unknown, { access }: { access: { mail: { fetch: typeof fetch } } }) => {
    await access.mail.fetch('https://mail.example/pay', { method: 'POST' })
    await w.guard.run(writes, w.call({ tool: 'inner', slot: `inner-${w.sent.length}` }), () => {
      throw new HadNoEffect(new Error('the inner one'))
    })
  }
  for (let tries = 0; tries < 3; tries++) await w.run(outer, 'one', body as never)
  expect(w.sent).toHaveLength(1)
  expect(await w.run(outer, 'one', body as never)).toMatchObject({ code: 'unknown_outcome' })
})

test('a caller that waits is not told what another kind of caller ran in its slot meanwhile', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  const waits = policy(schema, { version: '1', approval: { message: () => 'Pay' }, wait: { maxSeconds: 60 } })
  const bare = policy(schema, { version: '1', effect: 'write' })
  stopTime()
  const waiting = g.run(waits, call({ identity: agent() }), () => 'theirs')
  while ((await g.approvals.list({ identity: user(), as: 'approver' })).length === 0) await quiet()
  answers({ status: 'approved' })
  clock.advance(8)
  await g.run(bare, call(), () => 'secret')
  expect(JSON.stringify(await passingTime(waiting))).not.toContain('secret')
})
