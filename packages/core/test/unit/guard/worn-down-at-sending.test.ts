import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { policy, TransportError } from '../../../src/index.ts'
import type { ApprovalAnswer } from '../../../src/runs/channels/approval-channel.ts'
import { asks, schema, smallWorld, user } from './small-world.ts'

const each = policy(schema, {
  version: '1',
  approval: { message: ({ input }) => `Pay ${input.amount}`, perCall: true },
})

/** A person who answers each question as the test says, by the slot of its call. */
function answering() {
  const world = smallWorld()
  const said = new Map<string, ApprovalAnswer>()
  const channel: ApprovalChannel = {
    ...world.channel,
    poll: async (_, { approvalId }) => said.get(approvalId) ?? { status: 'pending' },
  }
  const guard = world.guard({ approvals: channel })
  const ids = new Map<string, string>()
  const run = async (slot: string, over: object = {}, rules = each) => {
    const outcome = await guard.run(rules, world.call({ slot, ...over }), () => 'ran')
    ids.set(slot, outcome.trace.approvalId ?? '')
    return outcome
  }
  const idOf = (slot: string) => ids.get(slot) ?? ''
  const says = async (slot: string, status: 'denied' | 'approved', over: object = {}) => {
    said.set(idOf(slot), { status })
    world.clock.advance(6)
    return run(slot, over)
  }
  return { ...world, guard, run, says, idOf }
}

const closed = { status: 'denied', code: 'approval_denied', retryAfter: expect.any(Number) }

describe('what was asked before a no is not asked again after it (A14)', () => {
  test(
    verifies('A14', 'a question whose delivery ended is not sent again while a second no closes its call'),
    async () => {
      const { run, says, idOf, guard, clock, questions } = answering()
      for (const slot of ['a', 'b', 'c']) await run(slot)
      await says('a', 'denied')
      clock.advance(286)
      await says('b', 'denied')
      clock.advance(10)
      expect(await run('c')).toMatchObject(closed)
      await guard.approvals.get(idOf('c'), { identity: user() })
      expect(await guard.preflight(each, { ...callOf('c'), identity: user() })).toMatchObject(closed)
      expect(questions).toHaveLength(3)
      clock.advance(600)
      expect(await run('c')).toMatchObject({ status: 'interrupted' })
      expect(questions).toHaveLength(4)
    },
  )

  test(verifies('A14', 'nor while three noes close its tool'), async () => {
    const { run, says, clock, questions } = answering()
    for (const amount of [1, 2, 3, 4]) await run(`${amount}`, { input: { amount } })
    clock.advance(270)
    for (const amount of [1, 2, 3]) await says(`${amount}`, 'denied', { input: { amount } })
    clock.advance(15)
    expect(await run('4', { input: { amount: 4 } })).toMatchObject(closed)
    expect(questions).toHaveLength(4)
  })

  test('a question that could not be sent is not sent within the minute after a no to an equal one', async () => {
    const { run, says, failsToAsk, clock, questions } = answering()
    failsToAsk(() => Promise.reject(new TransportError('down')))
    expect(await run('late')).toMatchObject({ status: 'unavailable' })
    failsToAsk(() => {})
    await run('first')
    await says('first', 'denied')
    expect(await run('late')).toMatchObject({ ...closed, retryAfter: 60 })
    expect(questions).toHaveLength(1)
    clock.advance(61)
    expect(await run('late')).toMatchObject({ status: 'interrupted' })
  })

  test('the policy sets the time, even if a process without the policy sends the question', async () => {
    const short = policy(schema, {
      version: '1',
      approval: { message: () => 'Pay', perCall: true, askAgainAfterSeconds: 20 },
    })
    const { run, says, failsToAsk, guard, idOf, clock, questions } = answering()
    failsToAsk(() => Promise.reject(new TransportError('down')))
    await run('late', {}, short)
    failsToAsk(() => {})
    await run('first', {}, short)
    await says('first', 'denied')
    clock.advance(10)
    await guard.approvals.get(idOf('late'), { identity: user() })
    expect(questions).toHaveLength(1)
    clock.advance(11)
    await guard.approvals.get(idOf('late'), { identity: user() })
    expect(questions).toHaveLength(2)
  })
})

describe('after a no, one equal question is open at a time (A14)', () => {
  test('of fifteen calls in a row, and the model is not told that the approver was not asked again', async () => {
    const { run, says, clock, questions } = answering()
    await run('first')
    await says('first', 'denied')
    clock.advance(61)
    for (let slot = 0; slot < 15; slot++) await run(`${slot}`)
    expect(questions).toHaveLength(2)
    const last = await run('last')
    expect(last).toMatchObject({ ...closed, message: expect.stringContaining('so this call did not ask') })
    // The one that was asked goes on as before, and its yes lets the next one be asked.
    expect(await says('0', 'approved')).toMatchObject({ status: 'done' })
    expect(await run('last')).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(3)
  })

  test(verifies('A14', 'of fifteen calls at once, in two processes'), async () => {
    const { run, says, clock, questions, guard, call } = answering()
    await run('first')
    await says('first', 'denied')
    clock.advance(61)
    await Promise.all(Array.from({ length: 15 }, (_, slot) => run(`${slot}`)))
    expect(questions).toHaveLength(2)
    for (let slot = 0; slot < 15; slot++) await guard.run(each, call({ slot: `${slot}` }), () => 'ran')
    expect(questions).toHaveLength(2)
  })

  test('an equal question of another caller counts, and one of another input does not', async () => {
    const { run, says, clock, questions } = answering()
    await run('first')
    await says('first', 'denied')
    clock.advance(61)
    await run('second')
    expect(await run('third', { identity: user({ clientId: 'mobile' }) }, asks)).toMatchObject(closed)
    expect(questions).toHaveLength(2)
    expect(await run('other', { input: { amount: 51 } })).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(3)
  })

  test('an unanswered one counts until its end, and a no for as long as it closes a call', async () => {
    const short = policy(schema, {
      version: '1',
      approval: { message: () => 'Pay', perCall: true, lifetimeSeconds: 120 },
    })
    const { run, says, clock, questions } = answering()
    await run('first', {}, short)
    await says('first', 'denied')
    clock.advance(61)
    await run('second', {}, short)
    clock.advance(119)
    expect(await run('third', {}, short)).toMatchObject(closed)
    clock.advance(2)
    expect(await run('third', {}, short)).toMatchObject({ status: 'interrupted' })
    clock.advance(418)
    await run('fourth', {}, short)
    await run('fifth', {}, short)
    expect(questions).toHaveLength(5)
  })

  test('a question takes the place of its own', async () => {
    const { run, says, clock, questions } = answering()
    await run('first')
    await says('first', 'denied')
    clock.advance(61)
    await run('second')
    clock.advance(8)
    const newer = policy(schema, { version: '2', approval: { message: () => 'Pay at once', perCall: true } })
    expect(await run('second', {}, newer)).toMatchObject({ interrupt: { message: 'Pay at once' } })
    expect(questions).toHaveLength(3)
  })

  test('without a no, each call is asked about, up to the five questions that an approver may have open', async () => {
    const { run, questions } = answering()
    await Promise.all(Array.from({ length: 15 }, (_, slot) => run(`${slot}`)))
    expect(questions).toHaveLength(5)
  })
})

const callOf = (slot: string) => ({ tool: 'pay', slot, input: { amount: 50 } })
