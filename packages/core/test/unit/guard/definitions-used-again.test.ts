import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import { policy } from '../../../src/index.ts'
import { schema, smallWorld, user, writes } from './small-world.ts'

test(
  verifies(
    'A1',
    'a policy keeps its approval and its approver, where the app goes on with the same rules for the next policy',
  ),
  async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const bob = { issuer: user().issuer, subject: 'bob' }
    const approval = { message: () => 'Pay', approver: () => bob }
    const rules: { version: string; effect: 'write'; approval?: typeof approval } = {
      version: '1',
      effect: 'write',
      approval,
    }
    const large = policy(schema, rules)
    delete rules.approval
    const small = policy(schema, rules)
    approval.approver = () => ({ ...bob, subject: 'ann' })
    expect(await behalf.run(large, call({ slot: ['thread', 'large'] }), () => 'paid')).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'approval_pending' },
    })
    expect(await behalf.approvals.list({ identity: user(), as: 'owner' })).toMatchObject([{ approver: bob }])
    expect(await behalf.run(small, call({ slot: ['thread', 'small'] }), () => 'paid')).toMatchObject({ status: 'done' })
  },
)

test('a policy keeps the scopes of its callers, where the app goes on with the same list', async () => {
  const { guard, call } = smallWorld()
  const callerScopes = ['payments']
  const rules = policy(schema, { version: '1', callerScopes })
  callerScopes.length = 0
  expect(await guard().run(rules, call(), () => 'paid')).toMatchObject({ status: 'denied' })
})

test(
  verifies(
    'A12',
    'a guard keeps its agent, and with it the names of its runs, where the app fills in the same object for the next guard',
  ),
  async () => {
    const { guard, call } = smallWorld()
    const agent = { name: 'agent:payer', ceiling: ['read'] }
    const payer = guard({ agent })
    const paid = [await payer.run(writes, call(), () => 'once')]
    Object.assign(agent, { name: 'agent:reader' })
    guard({ agent })
    paid.push(await payer.run(writes, call(), () => 'again'))
    expect(paid).toMatchObject([{ result: 'once' }, { result: 'once' }])
  },
)
