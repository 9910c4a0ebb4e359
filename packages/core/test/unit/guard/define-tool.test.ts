import { describe, expect, test } from 'vitest'
import { explainOutcome } from '../../../src/entrypoints/audit.ts'
import { defineTool } from '../../../src/index.ts'
import { schema, smallWorld, user, writes } from './small-world.ts'

const ran: unknown[] = []
const pay = defineTool({
  name: 'pay',
  description: 'Pays an amount.',
  input: schema,
  version: '1',
  approval: { message: ({ input }) => `Pay ${input.amount}` },
  run: ({ amount }, { identity }) => {
    ran.push([amount, identity?.kind])
    return { paid: amount }
  },
})
const call = (over: object = {}) =>
  ({ slot: ['thread', 'call'], input: { amount: 50 }, identity: user(), ...over }) as const

describe('a tool that is defined once', () => {
  test('asks, runs its body once with its input and its call, and is told by its own name', async () => {
    const { guard, questions, answers, clock, events } = smallWorld()
    const behalf = guard()
    expect(await behalf.preflight(pay, call())).toMatchObject({ status: 'interrupted' })
    expect(await behalf.run(pay, call())).toMatchObject({ status: 'interrupted' })
    expect(questions).toMatchObject([{ tool: 'pay', message: 'Pay 50' }])
    answers({ status: 'approved' })
    clock.advance(10)
    expect(await behalf.run(pay, call())).toMatchObject({ status: 'done', result: { paid: 50 } })
    expect(await behalf.run(pay, call())).toMatchObject({ status: 'done', result: { paid: 50 } })
    expect(ran.splice(0)).toEqual([[50, 'user']])
    expect(events.filter(({ type }) => type === 'call')).toMatchObject(Array(4).fill({ tool: 'pay' }))
  })

  test('is the same run as its policy, its name and its body apart', async () => {
    const { guard, answers, clock } = smallWorld()
    const behalf = guard()
    answers({ status: 'approved' })
    await behalf.run(pay, call())
    clock.advance(10)
    const outcome = await behalf.run(pay.policy, { ...call(), tool: 'pay' }, () => ({ paid: 'elsewhere' }))
    expect(outcome).toMatchObject({ status: 'done', result: { paid: 'elsewhere' } })
    expect(await behalf.run(pay, call())).toMatchObject({ status: 'done', result: { paid: 'elsewhere' } })
    expect(ran.splice(0)).toEqual([])
  })

  test('is refused beside another one of its name', async () => {
    const behalf = smallWorld().guard()
    const other = defineTool({ name: 'pay', description: 'Pays.', input: schema, run: () => 'ran' })
    expect(() => behalf.check([pay, other])).toThrow('tools.pay: is there twice')
    expect(() => behalf.visible([pay, other], user())).toThrow('tools.pay: is there twice')
  })

  test('cannot be called under another name: the one of the tool holds', async () => {
    const { guard, questions } = smallWorld()
    await guard().run(pay, call({ tool: 'look' }) as never)
    expect(questions).toMatchObject([{ tool: 'pay' }])
  })

  test('is checked and listed beside others, as policies are', async () => {
    const { guard } = smallWorld()
    const behalf = guard({ approvals: undefined as never })
    expect(() => behalf.check([pay])).toThrow(/pay: asks a person/)
    expect(await guard().visible([pay], user())).toMatchObject({ names: ['pay'], hidden: [] })
  })

  test('that is public runs for a caller without an identity, and another does not', async () => {
    const { guard } = smallWorld()
    const price = defineTool({ name: 'price', description: 'A price.', input: schema, public: true, run: () => 7 })
    expect(await guard().run(price, call({ identity: undefined }))).toMatchObject({ status: 'done', result: 7 })
    expect(await guard().run(pay, call({ identity: undefined }))).toMatchObject({ status: 'interrupted' })
  })

  test('cannot be changed after it was defined, nor forged', async () => {
    expect(() => Object.assign(pay, { name: 'look' })).toThrow(TypeError)
    const { guard } = smallWorld()
    const forged = { ...pay, name: 'look' }
    for (const given of [forged, { name: 'look' }, 'pay']) {
      const outcome = await guard().run(given as never, { slot: 'a', input: {} } as never)
      expect(explainOutcome(outcome as never)).toMatch(
        /^\w+: denied \(no_policy\)\n {2}policy {5}denied {6}no policy: give what defineTool\(\) or policy\(\) made$/,
      )
      expect(explainOutcome(outcome as never)).not.toContain('undefined')
    }
  })
})

describe('a definition that cannot hold fails where it is written', () => {
  const whole = { name: 'a', description: 'b', input: schema, run: () => 'ran' }
  test.each([
    ['no name', { ...whole, name: '' }, 'defineTool.name'],
    ['no description', { ...whole, description: undefined }, 'defineTool.description'],
    ['no body', { ...whole, run: undefined }, 'defineTool.run'],
    ['a body that is a text', { ...whole, run: 'ran' }, 'defineTool.run'],
    ['no schema', { ...whole, input: undefined }, 'input schema'],
    ['an unknown option', { ...whole, aproval: {} }, 'policy.aproval'],
    ['public with a rule', { ...whole, public: true, roles: ['trader'] }, 'defineTool.public'],
    ['public that is false', { ...whole, public: false }, 'defineTool.public'],
    ['a text', 'pay', 'defineTool'],
  ])('%s', (_, options, option) => {
    expect(() => defineTool(options as never)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })
})

test('a write without a body is refused before its run begins', async () => {
  const { guard, call: named } = smallWorld()
  const behalf = guard()
  const run = behalf.run as (...args: unknown[]) => Promise<unknown>
  await expect(run(writes, named())).rejects.toThrow('guard.run: give the body of the tool')
  expect(await behalf.run(writes, named(), () => 'ran')).toMatchObject({ status: 'done', result: 'ran' })
})
