import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { asks, schema, smallWorld, user } from './small-world.ts'

const agent = (subject = 'agent-7') => user({ actor: { subject } })

describe('an agent and a job replace no question but their own', () => {
  /** Ann's question, and other users who come to its slot. */
  async function asked() {
    const world = smallWorld()
    const guard = world.guard()
    const told: unknown[] = []
    const approvals = { ...world.channel, cancel: async () => void told.push('cancelled') }
    const behalf = world.guard({ approvals })
    const grant = { identity: user(), tools: ['pay'], expiresAt: world.clock.now() / 1000 + 9999 }
    const { id } = await guard.delegations.create(grant)
    const { trace } = await behalf.run(asks, world.call(), () => 'ran')
    const others = [agent(), await guard.delegations.identity(id)]
    return { ...world, behalf, told, others, id: trace.approvalId ?? '' }
  }

  test.each([
    ['open', 'pending'],
    ['answered with yes', 'approved'],
  ] as const)(verifies('A11', 'the user’s, which is %s'), async (_, answer) => {
    const { behalf, call, clock, answers, questions, told, others, id } = await asked()
    answers({ status: answer })
    clock.advance(6)
    await behalf.preflight(asks, call())
    answers({ status: 'pending' })
    clock.advance(60)
    const newer = policy(schema, { version: '2', approval: { message: () => 'Pay all' } })
    for (const identity of others) {
      for (const rules of [asks, newer]) {
        const outcome = await behalf.run(rules, call({ identity }), () => 'ran')
        expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
        expect(JSON.stringify(outcome)).not.toContain('Pay 50')
        expect(await behalf.approvals.cancel(id, { identity })).toBeUndefined()
      }
    }
    expect([questions.length, told]).toEqual([1, []])
    answers({ status: 'approved' })
    clock.advance(10)
    expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ status: 'done' })
  })

  test('and has one of its own under a slot of its own', async () => {
    const { behalf, call, questions, others } = await asked()
    for (const identity of others) {
      const slot = `own-${identity.delegationId}`
      expect(await behalf.run(asks, call({ slot, identity }), () => 'ran')).toMatchObject({ status: 'interrupted' })
    }
    expect(questions).toHaveLength(3)
  })

  test(verifies('A11', 'that of another agent'), async () => {
    const { guard, call, questions } = smallWorld()
    const behalf = guard()
    await behalf.run(asks, call({ identity: agent('one') }), () => 'ran')
    const outcome = await behalf.run(asks, call({ identity: agent('two') }), () => 'ran')
    expect(outcome).toMatchObject({ code: 'not_permitted' })
    expect(questions).toHaveLength(1)
  })

  test('the user takes the place of their agent', async () => {
    const { guard, call, clock, questions } = smallWorld()
    const behalf = guard()
    await behalf.run(asks, call({ identity: agent() }), () => 'ran')
    clock.advance(8)
    expect(await behalf.run(asks, call(), () => 'ran')).toMatchObject({ status: 'interrupted' })
    expect(questions).toHaveLength(2)
  })
})
