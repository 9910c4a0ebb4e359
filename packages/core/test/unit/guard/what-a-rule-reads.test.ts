import { expect, test, vi } from 'vitest'
import { may, object, policy } from '../../../src/index.ts'
import { schema, smallWorld, user } from './small-world.ts'

const message = () => 'Pay'
const call = { tool: 'pay', slot: 'one', input: { amount: 500 } }
/** As a rule that destructures one level too high reads it; the compiler would refuse it. */
const amountOf = (given: unknown) => (given as { amount: number }).amount

test.each([
  ['approval.when', { approval: { message, when: (given: unknown) => amountOf(given) > 100 } }],
  ['approval.message', { approval: { message: (given: unknown) => `Pay ${amountOf(given)}` } }],
  [
    'approval.details',
    { approval: { message, details: (given: unknown) => [{ type: 'pay', amount: amountOf(given) }] } },
  ],
  ['permission', { permission: (given: unknown) => may('can_pay', object('budget', `b-${amountOf(given)}`)) }],
])(
  'a rule %s that reads a field of the input beside `input` is a mistake of set-up: nothing runs',
  async (rule, rules) => {
    const { guard } = smallWorld()
    const body = vi.fn(() => 'ran')
    const checker = { specificationVersion: 1, check: async () => ({ allowed: true, checks: [] }) }
    const permissions = rule === 'permission' ? { permissions: checker as never } : {}
    const outcome = await guard(permissions).run(
      policy(schema, { effect: 'write', ...rules } as never),
      { ...call, identity: user() },
      body,
    )
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(JSON.stringify(outcome.trace)).toContain(`policy.${rule}: reads amount, but gets input and identity`)
    expect(body).not.toHaveBeenCalled()
  },
)

test('a rule may copy, print and keep what it gets', async () => {
  const { guard } = smallWorld()
  const kept: object[] = []
  const when = vi.fn((given: object) => {
    kept.push({ ...given }, JSON.parse(JSON.stringify(given)))
    return String(given) === ''
  })
  const rules = policy(schema, { version: '1', approval: { message, when } })
  const identity = user()
  expect(await guard().run(rules, { ...call, identity }, () => 'ran')).toMatchObject({ status: 'done' })
  expect(kept.slice(0, 2)).toMatchObject([{ input: { amount: 500 }, identity }, { input: { amount: 500 } }])
  // A test of the app compares what its rule got.
  expect(when).toHaveBeenCalledWith({ input: { amount: 500 }, identity })
})
