import { describe, expect, test } from 'vitest'
import { HadNoEffect } from '../../../src/index.ts'
import { asks, ISSUER, smallWorld, user, writes } from './small-world.ts'

const phone = () => user({ sessionId: 'phone' })
const desk = () => user({ sessionId: 'desk' })

describe('a run that several sessions share', () => {
  test.each([
    ['under one slot', 'one', 'one'],
    ['under two slots', 'one', 'two'],
  ])('%s goes on for the others when one session ends', async (_, first, second) => {
    const { guard, call, answers, clock, questions } = smallWorld()
    const behalf = guard()
    await behalf.run(asks, call({ identity: phone(), slot: first }), () => 'ran')
    await behalf.run(asks, call({ identity: desk(), slot: second }), () => 'ran')
    expect(await behalf.revoke({ issuer: ISSUER, session: 'phone' })).toMatchObject({ approvals: 0 })
    answers({ status: 'approved' })
    clock.advance(6)
    expect(await behalf.run(asks, call({ identity: desk(), slot: second }), () => 'ran')).toMatchObject({
      result: 'ran',
    })
    expect(questions).toHaveLength(1)
  })

  test('ends with the last of them', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    for (const identity of [phone(), desk(), phone()]) await behalf.run(asks, call({ identity }), () => 'ran')
    for (const [session, approvals] of [
      ['phone', 0],
      ['desk', 1],
    ] as const) {
      expect(await behalf.revoke({ issuer: ISSUER, session })).toMatchObject({ approvals })
    }
    expect(await behalf.approvals.list({ identity: user(), as: 'owner' })).toEqual([])
  })

  test('is not ended by a session where a call of no session shares it', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    for (const identity of [phone(), user()]) await behalf.run(asks, call({ identity }), () => 'ran')
    expect(await behalf.revoke({ issuer: ISSUER, session: 'phone' })).toMatchObject({ approvals: 0 })
    expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
  })

  test('is of no agent that only came by', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    await behalf.run(asks, call({ identity: phone() }), () => 'ran')
    await behalf.run(asks, call({ identity: user({ sessionId: 'job', actor: { subject: 'agent-7' } }) }), () => 'ran')
    expect(await behalf.revoke({ issuer: ISSUER, session: 'phone' })).toMatchObject({ approvals: 1 })
  })

  test('without a question: a try without effect leaves it to the session that comes next', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    for (const identity of [phone(), desk()]) {
      await behalf.run(writes, call({ identity }), () => Promise.reject(new HadNoEffect())).catch(() => {})
    }
    await behalf.revoke({ issuer: ISSUER, session: 'phone' })
    expect(await behalf.run(writes, call({ identity: desk() }), () => 'ran')).toMatchObject({ result: 'ran' })
  })
})
