import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { HadNoEffect, policy } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld, user } from './small-world.ts'

const byCarol = policy(schema, {
  version: '1',
  approval: { message: () => 'Pay', approver: () => ({ issuer: ISSUER, subject: 'carol' }) },
})

test.each([
  ['the user', { subject: 'ann' }, 'interrupted', 2],
  ['the session', { session: 'phone' }, 'interrupted', 2],
  ['another user', { subject: 'bob' }, 'done', 1],
])(
  verifies('A11', 'the yes of another approver, after %s was revoked while the run ended without effect'),
  async (_, whose: object, status, asked) => {
    const { guard, call, clock, answers, questions } = smallWorld()
    const behalf = guard()
    const identity = user({ sessionId: 'phone' })
    await behalf.run(byCarol, call({ identity }), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(6)
    const running = behalf.run(byCarol, call({ identity }), async () => {
      await behalf.revoke({ issuer: ISSUER, ...whose })
      throw new HadNoEffect()
    })
    await expect(running).rejects.toThrow('without an effect')
    answers({ status: 'pending' })
    clock.advance(60)
    const later = user({ sessionId: 'desk', claims: { iat: clock.now() / 1000 } })
    const outcome = await behalf.run(byCarol, call({ identity: later }), () => 'ran')
    expect(outcome.status).toBe(status)
    expect(questions).toHaveLength(asked)
  },
)
