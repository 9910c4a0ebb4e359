import { expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { asks, reads, schema, smallWorld } from './small-world.ts'

const approval = { message: () => 'Pay' }
const waits = policy(schema, { version: '1', approval, wait: { maxSeconds: 5 } })

test('preflight says how long a run of this policy waits for the answer', async () => {
  const { guard, call } = smallWorld()
  expect(await guard().preflight(waits, call())).toMatchObject({ status: 'interrupted', maxWaitSeconds: 5 })
})

test.each([
  ['a policy that does not wait', asks, {}],
  ['what waits for no answer', policy(schema, { approval, wait: { maxSeconds: 5 } }), { identity: undefined }],
  ['a policy without an approval', reads, { identity: undefined }],
])('and says nothing of %s', async (_, rules, over) => {
  const { guard, call } = smallWorld()
  const { identity, ...rest } = { ...call(), ...over }
  const outcome = await guard().preflight(rules, { ...rest, ...(identity !== undefined && { identity }) })
  expect(outcome.status).toBe('interrupted')
  expect(outcome).not.toHaveProperty('maxWaitSeconds')
})

test('a run that has waited in vain says it no more: what comes is an ordinary interrupt', async () => {
  const { guard, call, clock } = smallWorld()
  const brief = policy(schema, { version: '1', approval, wait: { maxSeconds: 0.01 } })
  const running = guard().run(brief, call(), () => 1)
  const ticking = setInterval(() => clock.advance(1), 5)
  const outcome = await running.finally(() => clearInterval(ticking))
  expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
  expect(outcome).not.toHaveProperty('maxWaitSeconds')
})
