import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { schema, smallWorld, user } from './small-world.ts'

const asks = policy(schema, {
  version: '1',
  approval: { message: ({ input }) => `Pay ${input.amount}` },
})

const callers = [
  ['two clients', user({ clientId: 'web' }), user({ clientId: 'mobile' })],
  ['the user and an agent', user({ clientId: 'web' }), user({ clientId: 'web', actor: { subject: 'agent:helper' } })],
] as const

test.each(callers)(
  verifies('A1', 'equal calls of %s at the same instant ask one question each, and take no answer from each other'),
  async (_, one, other) => {
    for (let round = 0; round < 20; round++) {
      const { guard, call, questions } = smallWorld()
      const behalf = guard()
      const calls = [call({ slot: 'x', identity: one }), call({ slot: 'y', identity: other })]
      const runAll = () => Promise.all(calls.map((each) => behalf.run(asks, each, () => each.slot)))
      for (let again = 0; again < 3; again++) await runAll()
      expect(questions).toHaveLength(2)
    }
  },
)
