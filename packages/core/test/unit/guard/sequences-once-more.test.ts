import { expect, test } from 'vitest'
import { admit } from '../../../src/identity/index.ts'
import { policy } from '../../../src/index.ts'
import { ISSUER, schema, smallWorld } from './small-world.ts'

const askV = (version: string, over: object = {}) =>
  policy(schema, { version, approval: { message: () => 'Pay', ...over } })
const carol = { issuer: ISSUER, subject: 'carol' }
const asksCarol = askV('1', { approver: () => carol })
/** An agent that acts for itself. */
const alone = (clientId: string) => admit({ kind: 'agent', issuer: ISSUER, clientId, claims: {} })

test('noes to one agent that acts for itself close no tool of another one', async () => {
  const { guard, call, clock, answers } = smallWorld()
  const g = guard()
  answers({ status: 'denied' })
  for (let amount = 0; amount < 3; amount++) {
    const theirs = call({ slot: `${amount}`, input: { amount }, identity: alone('one') })
    await g.run(asksCarol, theirs, () => 1)
    clock.advance(8)
    expect(await g.run(asksCarol, theirs, () => 1)).toMatchObject({ code: 'approval_denied' })
  }
  expect(await g.run(asksCarol, call({ identity: alone('two') }), () => 1)).toMatchObject({ status: 'interrupted' })
  expect(await g.run(asksCarol, call({ slot: 'more', identity: alone('one') }), () => 1)).toMatchObject({
    code: 'approval_denied',
  })
})
test('the questions of one agent that acts for itself do not fill the minute of another', async () => {
  const { guard, call } = smallWorld()
  const g = guard()
  for (let amount = 0; amount < 20; amount++) {
    await g.run(asksCarol, call({ slot: `${amount}`, input: { amount }, identity: alone('one') }), () => 1)
  }
  expect(await g.run(asksCarol, call({ identity: alone('two') }), () => 1)).toMatchObject({ status: 'interrupted' })
})
