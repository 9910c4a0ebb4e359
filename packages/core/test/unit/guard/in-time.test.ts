import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { inAppApprovals, inAppInbox } from '../../../src/entrypoints/http.ts'
import { ConfigurationError, memoryStore, policy, TransportError } from '../../../src/index.ts'
import type { ApprovalAnswer, ApprovalChannel } from '../../../src/runs/channels/approval-channel.ts'
import { ISSUER, keys, schema, smallWorld, user } from './small-world.ts'

const HOUR = 3600
const asking = (over: { readonly lifetimeSeconds?: number; readonly useWithinSeconds?: number } = {}) =>
  policy(schema, { version: '1', approval: { message: () => 'Pay?', ...over } })

/** A question whose server says that it lives for a day. Times are in seconds after it was sent. */
async function asked(over: Parameters<typeof asking>[0] = {}) {
  const { guard, call, clock } = smallWorld()
  const start = clock.now() / 1000
  let answer: () => ApprovalAnswer | Promise<ApprovalAnswer> = () => ({ status: 'pending' })
  const approvals: ApprovalChannel = {
    specificationVersion: 2,
    ask: async () => ({ state: {}, interval: 5, expiresAt: start + 86_400 }),
    poll: async () => answer(),
  }
  const behalf = guard({ approvals })
  const at = async (seconds: number, next: ApprovalAnswer | (() => ApprovalAnswer | Promise<ApprovalAnswer>)) => {
    answer = typeof next === 'function' ? next : () => next
    clock.advance(start + seconds - clock.now() / 1000)
    return behalf.run(asking(over), call(), () => 'ran')
  }
  await at(0, { status: 'pending' })
  return { at, start, pending: { status: 'pending' } as const, yes: { status: 'approved' } as const }
}

describe('a question ends when its policy says, whatever a server says', () => {
  test(verifies('A7', 'a yes that is found four hours after a question of a minute runs nothing'), async () => {
    const { at, yes } = await asked({ lifetimeSeconds: 60 })
    const late = await at(4 * HOUR, yes)
    expect(late).toMatchObject({ status: 'denied', code: 'approval_expired' })
    expect(JSON.stringify(late.trace)).toContain('an answer was found after the question had ended')
  })

  test('the app is told the end of the question, not that of the delivery', async () => {
    const { at, start, pending } = await asked({ lifetimeSeconds: 60 })
    expect(await at(5, pending)).toMatchObject({ interrupt: { expiresAt: start + 60 } })
  })

  test.each([
    [60, 'done'],
    [90, 'done'],
    [91, 'denied'],
  ])('a yes that is found after %i s: %s, since clocks may differ by 30 s', async (seconds, status) => {
    const { at, yes } = await asked({ lifetimeSeconds: 60 })
    expect(await at(seconds, yes)).toMatchObject({ status })
  })
})

describe('a yes that is found late counts where the channel proves when it was given', () => {
  const late = async (answeredAt: number, over: Parameters<typeof asking>[0] = {}) => {
    const { at, start } = await asked({ lifetimeSeconds: HOUR, useWithinSeconds: 12 * HOUR, ...over })
    return at(4 * HOUR, { status: 'approved', answeredAt: start + answeredAt })
  }

  test.each([
    ['in time', 3000, 'done'],
    ['at the end, by a clock that is 30 s ahead', HOUR + 30, 'done'],
    ['after the end', HOUR + 31, 'denied'],
    ['just now', 4 * HOUR, 'denied'],
    ['before the question: that is an earlier login', -10, 'denied'],
    ['so soon after the question that it may be an earlier login by another clock', 29, 'denied'],
    ['in the future', 9 * HOUR, 'denied'],
    ['at a time that is no number', Number.NaN, 'denied'],
  ])('given %s', async (_, answeredAt, status) => {
    expect(await late(answeredAt)).toMatchObject({ status })
  })

  test(verifies('A7', 'a login before the last poll that found the question open proves nothing'), async () => {
    const { at, start, pending } = await asked({ lifetimeSeconds: HOUR, useWithinSeconds: 12 * HOUR })
    await at(3400, pending)
    expect(await at(4 * HOUR, { status: 'approved', answeredAt: start + 3000 })).toMatchObject({
      code: 'approval_expired',
    })
  })
})

describe('an answer is used within its time', () => {
  test(verifies('A5', 'which is 900 s from the answer, where the channel proves that'), async () => {
    for (const [seconds, status] of [
      [2899, 'done'],
      [2900, 'denied'],
    ] as const) {
      const { at, start } = await asked()
      expect(await at(seconds, { status: 'approved', answeredAt: start + 2000 })).toMatchObject({ status })
    }
  })

  test(verifies('A5', 'and else from the last poll that found the question open'), async () => {
    for (const [seconds, status] of [
      [1399, 'done'],
      [1400, 'denied'],
    ] as const) {
      const { at, pending, yes } = await asked()
      await at(500, pending)
      expect(await at(seconds, yes)).toMatchObject({ status })
    }
  })

  test('a poll that brought no response does not count as one that found it open', async () => {
    const { at, pending, yes } = await asked()
    await at(100, pending)
    await at(900, () => Promise.reject(new TransportError('down')))
    const unused = await at(1000, yes)
    expect(unused).toMatchObject({ status: 'denied', code: 'approval_expired' })
    expect(JSON.stringify(unused.trace)).toContain('the answer was not used in time')
  })

  test('and a revocation of the approver between the last such poll and the one that found the answer counts', async () => {
    const { guard, call, clock, answers } = smallWorld()
    const behalf = guard()
    const boss = { issuer: ISSUER, subject: 'boss' }
    const asksBoss = policy(schema, { version: '1', approval: { message: () => 'Pay?', approver: () => boss } })
    const run = () => behalf.run(asksBoss, call(), () => 'ran')
    await run()
    clock.advance(10)
    await guard().revoke(boss)
    clock.advance(200)
    answers({ status: 'approved' })
    expect(await run()).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  })

  test('the policy may give more or less', async () => {
    for (const [useWithinSeconds, seconds, status] of [
      [60, 59, 'done'],
      [60, 60, 'denied'],
      [2 * HOUR, 3000, 'done'],
    ] as const) {
      const { at, yes } = await asked({ useWithinSeconds })
      expect(await at(seconds, yes)).toMatchObject({ status })
    }
  })

  test.each([
    ['of the process that asked is ahead', { asks: HOUR }],
    ['of the process that found the answer is ahead', { finds: HOUR }],
    ['of the process that asked and found the answer is ahead', { asks: HOUR, finds: HOUR }],
    ['of the process that asked and found the answer is behind', { asks: -HOUR, finds: -HOUR }],
    ['of the process that uses it is behind', { uses: -HOUR }],
    ['of the process that uses it is ahead', { uses: HOUR }],
    ['of the store and of the process that uses it is ahead', { uses: HOUR, stores: HOUR }],
    ['of the store is ahead', { stores: HOUR }],
    ['of the store is behind', { stores: -HOUR }],
  ])('where the clock %s by an hour, too', async (_, off) => {
    for (const [seconds, status] of [
      [890, 'done'],
      [910, 'denied'],
    ] as const) {
      const { guard, call, clock, answers } = smallWorld()
      const {
        asks = 0,
        finds = 0,
        uses = 0,
        stores = 0,
      }: Partial<Record<'asks' | 'finds' | 'uses' | 'stores', number>> = off
      const by = (ahead: number) => ({ clock: { now: () => clock.now() + ahead * 1000 } })
      const store = memoryStore(by(stores))
      const rules = asking({ lifetimeSeconds: 2 * HOUR })
      await guard({ store, ...by(asks) }).run(rules, call(), () => 'ran')
      answers({ status: 'approved' })
      // Polls are due by the clock of the process that asked.
      clock.advance(Math.max(0, asks - finds) + 10)
      expect(await guard({ store, ...by(finds) }).preflight(rules, call())).toMatchObject({ status: 'ready' })
      clock.advance(seconds - 10)
      expect(await guard({ store, ...by(uses) }).run(rules, call(), () => 'ran')).toMatchObject({ status })
    }
  })

  test.each([-HOUR, HOUR])(
    'by a retry and by another slot too, where the clock of their process is off by %i s',
    async (off) => {
      for (const [seconds, retried, other] of [
        [890, { status: 'done' }, { status: 'done' }],
        [910, { code: 'unknown_outcome' }, { status: 'interrupted' }],
      ] as const) {
        const { guard, call, clock, answers } = smallWorld()
        const store = memoryStore({ clock })
        const rules = policy(schema, { version: '1', approval: { message: () => 'Pay?', onCrash: 'retry' } })
        const [here, there] = [guard({ store }), guard({ store, clock: { now: () => clock.now() + off * 1000 } })]
        const calls = [call(), call({ slot: 'second', input: { amount: 7 } })]
        for (const each of calls) await here.run(rules, each, () => 'ran')
        answers({ status: 'approved' })
        clock.advance(10)
        const crash = () => Promise.reject(new Error('lost'))
        await here.run(rules, call(), crash).catch(() => {})
        expect(await here.preflight(rules, call({ slot: 'second', input: { amount: 7 } }))).toMatchObject({
          status: 'ready',
        })
        answers({ status: 'pending' })
        clock.advance(seconds - 10)
        expect(await there.run(rules, call(), () => 'ran')).toMatchObject(retried)
        expect(await there.run(rules, call({ slot: 'third', input: { amount: 7 } }), () => 'ran')).toMatchObject(other)
      }
    },
  )

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '900' as never])('%s is no such time', (useWithinSeconds) => {
    expect(() => asking({ useWithinSeconds })).toThrow(ConfigurationError)
  })
})

describe('an answer that was received in time and could not be verified yet', () => {
  test('counts when it is verified, also after the end of the question', async () => {
    const { at, yes } = await asked({ lifetimeSeconds: 60 })
    expect(await at(50, { status: 'pending', found: 'answered' })).toMatchObject({ status: 'interrupted' })
    expect(await at(200, { status: 'pending', found: 'answered' })).toMatchObject({ status: 'interrupted' })
    expect(await at(300, yes)).toMatchObject({ status: 'done' })
  })

  test('is void where it cannot be verified while it may be used', async () => {
    const { at } = await asked({ lifetimeSeconds: 60 })
    await at(50, { status: 'pending', found: 'answered' })
    expect(await at(981, { status: 'pending', found: 'answered' })).toMatchObject({ code: 'approval_expired' })
  })
})

describe('an answer in the app’s own pages proves when it was given: it is written then', () => {
  const ORIGIN = 'https://app.example.com'
  const answeredInPage = async (over: Parameters<typeof asking>[0]) => {
    const { guard, call, clock, store } = smallWorld()
    const behalf = guard({ approvals: inAppApprovals() })
    const run = () => behalf.run(asking(over), call(), () => 'ran')
    const inbox = inAppInbox({ store, keys, clock, identityOf: async () => user(), origins: [ORIGIN] })
    const answer = async () => {
      const page = await inbox(new Request(`${ORIGIN}/approvals`))
      const body: { readonly questions?: readonly Record<string, unknown>[] } = await page.json()
      const [question] = body.questions ?? []
      const { id, answerToken } = question ?? {}
      const posted = await inbox(
        new Request(`${ORIGIN}/approvals`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', origin: ORIGIN },
          body: JSON.stringify({ id, answerToken, answer: 'approve' }),
        }),
      )
      return posted.status
    }
    await run()
    return { run, answer, clock }
  }

  test('overnight it is used where the policy gives the time, and not where it does not', async () => {
    for (const [useWithinSeconds, status] of [
      [12 * HOUR, 'done'],
      [900, 'denied'],
    ] as const) {
      const { run, answer, clock } = await answeredInPage({ lifetimeSeconds: 8 * HOUR, useWithinSeconds })
      clock.advance(7 * HOUR)
      expect(await answer()).toBe(200)
      clock.advance(10 * HOUR)
      expect(await run()).toMatchObject({ status })
    }
  })
})
