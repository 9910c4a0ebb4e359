import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

describe('who says that a run did not run (A13)', () => {
  const asksBoss = policy(schema, {
    version: '1',
    approval: { message: ({ input }) => `Pay ${input.amount}`, approver: () => ({ issuer: ISSUER, subject: 'boss' }) },
  })
  const crash = (payments: string[]) => () => {
    payments.push('paid')
    throw new Error('the line broke')
  }

  async function paidOnce(rules = asksBoss) {
    const world = smallWorld()
    const behalf = world.guard()
    await behalf.run(rules, world.call(), () => 'never')
    world.answers({ status: 'approved' })
    world.clock.advance(6)
    const payments: string[] = []
    const pay = () => behalf.run(rules, world.call(), crash(payments)).catch((error: Error) => error)
    await pay()
    const id = (await behalf.approvals.list({ identity: user(), as: 'owner' }))[0]?.id ?? ''
    const says = () => behalf.approvals.resolve(id, 'did_not_run', { identity: user() })
    return { ...world, behalf, payments, pay, id, says }
  }

  test(
    verifies('A13', 'the owner’s word asks another approver again, with a question that tells of the doubt'),
    async () => {
      const { says, pay, payments, questions, answers, clock } = await paidOnce()
      answers({ status: 'pending' })
      await says()
      expect(await pay()).toMatchObject({ status: 'interrupted' })
      expect(questions).toHaveLength(2)
      expect(questions.at(-1)?.message).toMatch(/^An equal request of .* ended without a known result\. Pay 50$/)
      answers({ status: 'approved' })
      clock.advance(6)
      await pay()
      expect(payments).toHaveLength(2)
    },
  )

  test('the owner’s word tells another slot’s approver of the doubt, too', async () => {
    const { says, behalf, call, questions } = await paidOnce()
    await says()
    await behalf.run(asksBoss, call({ slot: 'other' }), () => 'never')
    expect(questions.at(-1)?.message).toMatch(/ended without a known result/)
  })

  test(verifies('A13', 'a run that is in doubt once more is told once more'), async () => {
    const { behalf, call, clock, guard, id, pay, payments } = await paidOnce()
    const other = () => behalf.run(asksBoss, call({ slot: 'two' }), crash(payments))
    await other()
    clock.advance(6)
    await guard().asOperator({ name: 'on call' }).resolve(id, 'did_not_run')
    await pay()
    expect(await other()).toMatchObject({ status: 'interrupted' })
    expect(payments).toHaveLength(2)
  })

  test('an owner who is the approver, and an operator, keep the approval', async () => {
    const own = await paidOnce(policy(schema, { version: '1', approval: { message: () => 'Pay' } }) as never)
    await own.says()
    await own.pay()
    expect(own.payments).toHaveLength(2)
    expect(own.questions).toHaveLength(1)
    const staff = await paidOnce()
    await staff.behalf.asOperator({ name: 'staff' }).resolve(staff.id, 'did_not_run')
    await staff.pay()
    expect(staff.payments).toHaveLength(2)
    expect(staff.questions).toHaveLength(1)
  })

  test(verifies('A13', 'no run begins more than three bodies, whatever is said of it'), async () => {
    const { behalf, id, pay, payments } = await paidOnce()
    const staff = behalf.asOperator({ name: 'staff' })
    for (let tries = 0; tries < 7; tries++) {
      await staff.resolve(id, 'did_not_run')
      await pay()
    }
    expect(payments).toHaveLength(3)
    expect(await pay()).toMatchObject({ status: 'denied', code: 'too_many_attempts' })
  })

  test('eight rounds of one owner make at most three payments, each after a yes of its own', async () => {
    const { says, pay, payments, questions, answers, clock } = await paidOnce()
    for (let round = 0; round < 7; round++) {
      await says()
      answers({ status: 'pending' })
      await pay()
      answers({ status: 'approved' })
      clock.advance(6)
      await pay()
    }
    expect(payments).toHaveLength(3)
    expect(questions).toHaveLength(3)
  })
})
