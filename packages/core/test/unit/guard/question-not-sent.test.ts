import { verifies } from '@behalf/testing/requirements'
import { expect, test, vi } from 'vitest'
import { InvalidResponseError, OAuthResponseError } from '../../../src/entrypoints/spi.ts'
import { denySentences, underWaySentences } from '../../../src/guard/call/refusal.ts'
import { ConfigurationError, HadNoEffect, policy } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, ISSUER, schema, smallWorld, user, writes } from './small-world.ts'

test.each([
  ['the person has no device', new OAuthResponseError({ error: 'access_denied', status: 403 })],
  ['the server does not know the person', new OAuthResponseError({ error: 'unknown_user_id', status: 400 })],
  ['the request breaks a rule of the provider', new ConfigurationError('approval.message', 'too long')],
])('where %s, the model is told that no person was asked, and not that a person denied', async (_, error) => {
  const { guard, call, failsToAsk, questions } = smallWorld()
  failsToAsk(() => Promise.reject(error))
  const outcome = await guard().run(asks, call(), () => 'ran')
  expect(outcome).toMatchObject({
    status: 'denied',
    code: 'approval_not_sent',
    message: denySentences.approval_not_sent,
  })
  expect(JSON.stringify(outcome.trace)).toContain(JSON.stringify(error.message).slice(1, -1))
  expect(questions).toHaveLength(0)
})

test(
  verifies('A6', 'where the response to the request breaks the specification, the person may have been asked'),
  async () => {
    const { guard, call, failsToAsk } = smallWorld()
    failsToAsk(() => Promise.reject(new InvalidResponseError('no auth_req_id')))
    expect(await guard().run(asks, call(), () => 'ran')).toMatchObject({ code: 'approval_failed' })
  },
)

test(verifies('A6', 'a slot whose question was not sent asks again at its next call, as the same run'), async () => {
  const { guard, call, clock, failsToAsk, questions, answers } = smallWorld()
  let runs = 0
  const run = (message: string) =>
    guard().run(policy(schema, { version: '1', approval: { message: () => message } }), call(), () => ++runs)
  failsToAsk(() => Promise.reject(new ConfigurationError('approval.message', 'has $')))
  const [refused, refusedAgain] = [await run('Pay $5'), await run('Pay $6')]
  expect([refused, refusedAgain]).toMatchObject([{ code: 'approval_not_sent' }, { code: 'approval_not_sent' }])
  failsToAsk(() => {})
  const asked = await run('Pay 5')
  const { approvalId } = refused.trace
  expect(asked).toMatchObject({ status: 'interrupted', interrupt: { id: approvalId, message: 'Pay 5' } })
  expect(await guard().approvals.get(approvalId ?? '', { identity: user() })).toMatchObject({ state: 'open' })
  answers({ status: 'approved' })
  clock.advance(6)
  expect(await run('Pay 5')).toMatchObject({ status: 'done', result: 1 })
  expect(await run('Pay 5')).toMatchObject({ status: 'done', result: 1 })
  expect(questions.map(({ message }) => message)).toEqual(['Pay 5'])
})

test('a question that may have been sent is not asked again in its slot', async () => {
  const { guard, call, failsToAsk, questions } = smallWorld()
  failsToAsk(() => Promise.reject(new InvalidResponseError('no auth_req_id')))
  await guard().run(asks, call(), () => 'ran')
  failsToAsk(() => {})
  expect(await guard().run(asks, call(), () => 'ran')).toMatchObject({ code: 'approval_failed' })
  expect(questions).toHaveLength(0)
})

test('a no to a question that was sent after all is final for its slot', async () => {
  const { guard, call, clock, failsToAsk, answers } = smallWorld()
  failsToAsk(() => Promise.reject(new ConfigurationError('approval.message', 'has $')))
  await guard().run(asks, call(), () => 'ran')
  failsToAsk(() => {})
  await guard().run(asks, call(), () => 'ran')
  answers({ status: 'denied' })
  clock.advance(6)
  for (const _ of [1, 2]) {
    expect(await guard().run(asks, call(), () => 'ran')).toMatchObject({ code: 'approval_denied' })
  }
})

test(
  verifies('A11', 'a slot whose question was not sent runs once at a call that needs none, and repeats its result'),
  async () => {
    const { guard, call, failsToAsk, questions } = smallWorld()
    const here = guard()
    let runs = 0
    const run = (demands: typeof asks) => here.run(demands, call(), () => ++runs)
    failsToAsk(() => Promise.reject(new ConfigurationError('approval.message', 'has $')))
    const refused = await run(asks)
    expect(refused).toMatchObject({ code: 'approval_not_sent' })
    expect(await guard().preflight(writes, call())).toMatchObject({ status: 'ready' })
    const both = await Promise.all([run(writes), run(writes)])
    expect(both).toMatchObject([
      { status: 'done', result: 1 },
      { status: 'done', result: 1 },
    ])
    expect(await run(writes)).toMatchObject({ status: 'done', result: 1 })
    expect(await run(asks)).toMatchObject({
      status: 'done',
      result: 1,
      trace: { approvalId: refused.trace.approvalId },
    })
    expect(questions).toHaveLength(0)
  },
)

test('a body without effect in such a slot is told as such, and a policy that asks again asks', async () => {
  const { guard, call, failsToAsk, questions } = smallWorld()
  failsToAsk(() => Promise.reject(new ConfigurationError('approval.message', 'has $')))
  await guard().run(asks, call(), () => 'ran')
  failsToAsk(() => {})
  const throws = () => Promise.reject(new HadNoEffect('closed'))
  for (const _ of [1, 2]) await expect(guard().run(writes, call(), throws)).rejects.toThrow('without an effect')
  expect(await guard().run(asks, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
  expect(questions).toHaveLength(1)
  const other = call({ slot: ['thread', 'other'], input: { amount: 60 } })
  failsToAsk(() => Promise.reject(new ConfigurationError('approval.message', 'has $')))
  await guard().run(asks, other, () => 'ran')
  for (const _ of [1, 2, 3])
    await guard()
      .run(writes, other, throws)
      .catch(() => {})
  expect(await guard().run(writes, other, () => 'ran')).toMatchObject({ code: 'too_many_attempts' })
})

test(
  verifies('A13', 'a slot whose question was not sent starts no body while an equal call runs under another slot'),
  async () => {
    const { guard, call, failsToAsk } = smallWorld()
    failsToAsk(() => Promise.reject(new ConfigurationError('approval.message', 'has $')))
    expect(await guard().run(asks, call(), () => 'ran')).toMatchObject({ code: 'approval_not_sent' })
    const ended = Promise.withResolvers<string>()
    const began = Promise.withResolvers<void>()
    const body = () => {
      began.resolve()
      return ended.promise
    }
    const equal = guard().run(writes, call({ slot: ['thread', 'other'] }), body)
    await began.promise
    const elsewhere = guard({ timeoutMs: 400 })
    expect(await elsewhere.preflight(writes, call())).toMatchObject({ status: 'ready' })
    expect(await elsewhere.run(writes, call(), () => 'ran twice')).toMatchObject({
      status: 'unavailable',
      message: underWaySentences.other,
    })
    ended.resolve('ran')
    expect(await equal).toMatchObject({ status: 'done', result: 'ran' })
  },
)

test.each(['aborted', 'revoked'])(
  verifies(
    'A2',
    'a call of such a slot that is %s while it claims the run starts nothing, and leaves nothing in doubt',
  ),
  async (how) => {
    const { guard, call, clock, failsToAsk, store } = smallWorld()
    failsToAsk(() => Promise.reject(new ConfigurationError('approval.message', 'has $')))
    await guard().run(asks, call(), () => 'ran')
    const controller = new AbortController()
    let isReleased = false
    const claims = tapped(store, async (operation, key, next) => {
      if (operation === 'put' && key.startsWith('lease:')) {
        if (how === 'aborted') controller.abort()
        else await guard().revoke({ issuer: ISSUER, subject: 'ann' })
      }
      const done = await next()
      isReleased ||= operation === 'delete' && key.startsWith('lease:')
      return done
    })
    const body = vi.fn(() => 'ran')
    const claiming = guard({ store: claims }).run(writes, call({ signal: controller.signal }), body)
    if (how === 'aborted') await expect(claiming).rejects.toThrow('aborted')
    else expect(await claiming).toMatchObject({ code: 'revoked' })
    expect(body).not.toHaveBeenCalled()
    // An aborted call gives its claim back later. A lease that ended before that would leave the run in doubt.
    await expect.poll(() => isReleased).toBe(true)
    clock.advance(61)
    const later = call({ identity: user({ claims: { iat: clock.now() / 1000 } }) })
    await expect.poll(() => guard().run(writes, later, body)).toMatchObject({ status: 'done' })
    expect(body).toHaveBeenCalledOnce()
  },
)
