import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import type { Invocation, UserIdentity } from '../../../src/index.ts'
import { asks, reads, smallWorld, user, writes } from './small-world.ts'

/** An app that fills in one object for each call of a queue, and does not wait for the call before. */
test(
  verifies('I1', 'a call keeps what it came with, where its caller fills in the same object for the next call'),
  async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    for (const rules of [reads, writes]) {
      const invocation = call() as { -readonly [Key in keyof Invocation]: Invocation[Key] }
      const calls = ['ann', 'bob'].map((subject, amount) => {
        Object.assign(invocation, { identity: user({ subject }), slot: subject, input: { amount } })
        return behalf.run(rules, invocation, (input, { identity }) => [
          (identity as UserIdentity).subject,
          input.amount,
        ])
      })
      expect(await Promise.all(calls)).toMatchObject([{ result: ['ann', 0] }, { result: ['bob', 1] }])
    }
    const invocation = call() as { -readonly [Key in keyof Invocation]: Invocation[Key] }
    const first = behalf.preflight(asks, invocation)
    Object.assign(invocation, { identity: user({ subject: 'bob' }), slot: 'bob', tool: 'other' })
    await first
    expect(await behalf.approvals.list({ identity: user(), as: 'owner' })).toMatchObject([{ tool: 'pay' }])
  },
)
