import { describe, expect, test } from 'vitest'
import { type GuardOptions, may, object, type Policy, policy, TransportError } from '../../../src/index.ts'
import type { PolledChannel } from '../../../src/runs/channels/approval-channel.ts'
import { asks, type reads, schema, smallWorld, user } from './small-world.ts'
import { buy, ORIGIN, policies, world } from './world.ts'

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

describe('the trace of a write whose body returned', () => {
  const hint = 'the result is stored; the API accepted no write: throw if its response is not ok'
  test.each<readonly [string, number, number, string]>([
    ['after the API refused it, says so and how to let it run again', -1, 400, hint],
    ['after the API accepted it, does not', 5, 201, 'the result is stored'],
  ])('%s', async (_, quantity, status, detail) => {
    const { guard, login, invocation } = await world()
    const call = invocation({ tool: 'create_order', input: buy(5), identity: await login() })
    const outcome = await guard().run(policies.create_order, call, async (_input, { access }) => {
      const headers = { 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() }
      const order = { method: 'POST', headers, body: JSON.stringify(buy(quantity)) }
      return (await access.trade.fetch(`${ORIGIN}/orders`, order)).status
    })
    expect(outcome).toMatchObject({ status: 'done', result: status })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'complete', verdict: 'passed', detail })
  })
})

test('the trace of a call that waits says since when, so that a guard that forgot the question is seen', async () => {
  const { guard, login, invocation, clock } = await world()
  const call = invocation({ tool: 'create_order', input: buy(50), identity: await login() })
  const detailOf = async (behalf: ReturnType<typeof guard>) =>
    (await behalf.run(policies.create_order, call, () => 'never')).trace.steps.at(-1)?.detail
  const [kept, one] = [guard(), guard()]
  const first = await detailOf(kept)
  expect(first).toMatch(/^pending: waits for ann since \d{4}-.*Z$/)
  clock.advance(10)
  expect(await detailOf(kept)).toBe(first)
  expect(await detailOf(one)).not.toBe(first)
})
