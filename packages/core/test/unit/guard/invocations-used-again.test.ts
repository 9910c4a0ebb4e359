import { verifies } from '@behalf/testing/requirements'
import { expect, test } from 'vitest'
import * as z from 'zod'
import { type Invocation, policy, type UserIdentity } from '../../../src/index.ts'
import { asks, reads, schema, smallWorld, user, writes } from './small-world.ts'

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

test(
  verifies('A12', 'a call keeps its slot, where its caller writes that of the next call into the same array'),
  async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const slot: [string, string] = ['thread', '']
    const ran: string[] = []
    const pay = (id: string) => {
      slot[1] = id
      return behalf.run(writes, call({ slot }), () => {
        ran.push(id)
        return id
      })
    }
    expect(await Promise.all([pay('first'), pay('second')])).toMatchObject([{ result: 'first' }, { result: 'second' }])
    expect(await pay('first')).toMatchObject({ status: 'done', result: 'first' })
    expect(ran.toSorted()).toEqual(['first', 'second'])
  },
)

const slowSchema = schema.refine(async () => true)

test.each([
  ['whose policy has no version', policy(schema, { effect: 'write' })],
  ['whose schema is asynchronous', policy(slowSchema, { effect: 'write', version: '1' })],
])(verifies('A12', 'a call %s keeps its inputs, where its caller fills in the same objects'), async (_, pay) => {
  const { guard, call } = smallWorld()
  const behalf = guard()
  const input = { amount: 0 }
  const rawInput = { written: 0 }
  const runs = (amount: number) => {
    input.amount = amount
    rawInput.written = amount
    return behalf.run(pay, call({ slot: 'slot', input, rawInput }), (given) => given.amount)
  }
  expect(await Promise.all([runs(1), runs(2)])).toMatchObject([{ result: 1 }, { result: 2 }])
  expect(await runs(1)).toMatchObject({ result: 1 })
  const refused = policy(z.strictObject({ amount: z.number().max(1) }), { effect: 'write' })
  input.amount = 5
  const preflight = behalf.preflight(refused, call({ input }))
  input.amount = 1
  expect(await preflight).toMatchObject({ status: 'denied', code: 'invalid_input' })
})

test(
  verifies(
    'A8',
    'an inbox answers the user who was checked, where its caller fills in the same options for the next one',
  ),
  async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const bob = user({ subject: 'bob' })
    await behalf.run(asks, call({ identity: bob }), () => 'ran')
    const options = { as: 'owner' as const, identity: bob }
    const [own] = await behalf.approvals.list(options)
    const id = own?.id ?? ''
    const asAnn = <Answer>(ask: () => Promise<Answer>) => {
      options.identity = user()
      const answer = ask()
      options.identity = bob
      return answer
    }
    expect(await asAnn(() => behalf.approvals.list(options))).toEqual([])
    expect(await asAnn(() => behalf.approvals.get(id, options))).toBeUndefined()
    expect(await asAnn(() => behalf.approvals.cancel(id, options))).toBeUndefined()
    expect(await behalf.approvals.get(id, options)).toMatchObject({ state: 'open' })
  },
)
