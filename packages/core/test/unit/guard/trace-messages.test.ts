import { describe, expect, test } from 'vitest'
import type { PolledChannel } from '../../../src/approvals/approval-channel.ts'
import { type GuardOptions, may, object, type Policy, policy, TransportError } from '../../../src/index.ts'
import { asks, type reads, schema, smallWorld, user } from './small-world.ts'

const channel: Pick<PolledChannel, 'specificationVersion' | 'poll'> = {
  specificationVersion: 2,
  poll: async () => ({ status: 'pending' }),
}

describe('the trace repeats no message that is not ours', () => {
  const secret = 'redis://user:s3cret@host'
  const cases: readonly (readonly [string, Partial<GuardOptions>, Policy])[] = [
    [
      'a checker',
      { permissions: { check: () => Promise.reject(new RangeError(secret)) } },
      policy(schema, { permission: () => may('v', object('a', 'b')) }),
    ],
    ['a channel', { approvals: { ...channel, ask: () => Promise.reject(new RangeError(secret)) } }, asks],
    [
      'a rule',
      {},
      policy(schema, {
        approval: {
          message: () => {
            throw new RangeError(secret)
          },
        },
      }),
    ],
  ]
  test.each(cases)('%s', async (_, options, broken) => {
    const { guard, call, events } = smallWorld()
    const outcome = await guard(options).run(broken as typeof reads, call(), () => 'ran')
    expect(JSON.stringify([outcome, events])).not.toContain('s3cret')
    expect(outcome.trace.steps.at(-1)?.detail).toContain('RangeError')
  })

  test('our own errors speak', async () => {
    const { guard, call } = smallWorld()
    const permissions = { check: () => Promise.reject(new TransportError('the permission server is away')) }
    const rules = policy(schema, { permission: () => may('v', object('a', 'b')) })
    const outcome = await guard({ permissions }).run(rules, call({ identity: user() }), () => 'ran')
    expect(outcome.trace.steps.at(-1)?.detail).toBe('the permission server is away')
  })
})
