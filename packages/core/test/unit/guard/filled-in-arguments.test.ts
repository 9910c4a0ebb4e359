import { verifies } from '@behalf/testing/requirements'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import * as z from 'zod'
import { policy, type Store } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { smallWorld } from './small-world.ts'

describe('a field that the schema fills in differently each time does not distinguish equal calls', () => {
  const withReference = (reference: () => string) =>
    z.strictObject({
      amount: z.number(),
      currency: z.string().default('EUR'),
      meta: z.strictObject({ reference: z.string().default(reference) }).prefault({}),
    })
  const random = withReference(() => crypto.randomUUID())

  test(verifies('A13', 'a random default: a run in doubt is not begun again under another slot'), async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const rules = policy(random, { effect: 'write' })
    let posts = 0
    const body = () => {
      posts++
      return Promise.reject(new Error('no answer'))
    }
    await expect(behalf.run(rules, call({ slot: 'one' }), body)).rejects.toThrow('no answer')
    expect(await behalf.run(rules, call({ slot: 'two' }), body)).toMatchObject({ code: 'unknown_outcome' })
    // As an adapter hands it on: the framework filled the default in before.
    const parsed = { amount: 50, currency: 'EUR', meta: { reference: 'made-by-the-framework' } }
    const adapted = call({ slot: 'three', input: parsed, rawInput: { amount: 50 } })
    expect(await behalf.run(rules, adapted, body)).toMatchObject({ code: 'unknown_outcome' })
    expect(posts).toBe(1)
  })

  test('a call needs no timer for it: one that a test replaced may stand still', async () => {
    vi.useFakeTimers()
    const { guard, call } = smallWorld()
    const rules = policy(random, { effect: 'write' })
    expect(await guard().run(rules, call({ slot: 'one' }), () => 'ran')).toMatchObject({ result: 'ran' })
    vi.useRealTimers()
  })

  test('a random default: other arguments, and a reference of their own, are other calls', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const rules = policy(random, { effect: 'write' })
    const lost = () => Promise.reject(new Error('no answer'))
    await expect(behalf.run(rules, call({ slot: 'one' }), lost)).rejects.toThrow('no answer')
    const others = [
      call({ slot: 'two', input: { amount: 51 } }),
      call({ slot: 'three', input: { amount: 50, currency: 'USD' } }),
      call({ slot: 'four', input: { amount: 50, meta: { reference: 'mine' } } }),
    ]
    for (const other of others) expect(await behalf.run(rules, other, () => 'ran')).toMatchObject({ result: 'ran' })
    // Edited after the framework had read what the model wrote.
    const edited = (slot: string, amount: number) =>
      call({ slot, input: { amount, currency: 'EUR', meta: { reference: slot } }, rawInput: { amount: 50 } })
    await expect(behalf.run(rules, edited('five', 60), lost)).rejects.toThrow('no answer')
    expect(await behalf.run(rules, edited('six', 70), () => 'ran')).toMatchObject({ result: 'ran' })
    expect(await behalf.run(rules, edited('seven', 60), () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
  })

  test(verifies('A14', 'a random default: after a no, the same arguments are not asked about at once'), async () => {
    const { guard, call, answers, clock, questions } = smallWorld()
    const behalf = guard()
    const rules = policy(random, { version: '1', approval: { message: ({ input }) => `Pay ${input.amount}` } })
    await behalf.run(rules, call({ slot: 'one' }), () => 'ran')
    answers({ status: 'denied' })
    clock.advance(8)
    await behalf.run(rules, call({ slot: 'one' }), () => 'ran')
    answers({ status: 'pending' })
    expect(await behalf.run(rules, call({ slot: 'two' }), () => 'ran')).toMatchObject({ code: 'approval_denied' })
    expect(questions).toHaveLength(1)
  })

  test(
    verifies('A13', 'a default of the current time: a run in doubt is not begun again under another slot'),
    async () => {
      const { guard, call } = smallWorld()
      const behalf = guard()
      const timed = withReference(() => new Date().toISOString())
      const rules = policy(timed, { effect: 'write' })
      const adapted = (slot: string) => call({ slot, input: timed.parse({ amount: 50 }), rawInput: { amount: 50 } })
      const lost = () => Promise.reject(new Error('no answer'))
      await expect(behalf.run(rules, adapted('one'), lost)).rejects.toThrow('no answer')
      await new Promise((passed) => setTimeout(passed, 5))
      expect(await behalf.run(rules, adapted('two'), () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
    },
  )

  test(
    verifies('A14', 'a default of the current time: after a no, the same arguments are not asked about at once'),
    async () => {
      const { guard, call, answers, clock, questions } = smallWorld()
      const behalf = guard()
      const timed = withReference(() => new Date().toISOString())
      const rules = policy(timed, { version: '1', approval: { message: ({ input }) => `Pay ${input.amount}` } })
      const adapted = (slot: string) => call({ slot, input: timed.parse({ amount: 50 }), rawInput: { amount: 50 } })
      await behalf.run(rules, adapted('one'), () => 'ran')
      answers({ status: 'denied' })
      clock.advance(8)
      await behalf.run(rules, adapted('one'), () => 'ran')
      answers({ status: 'pending' })
      await new Promise((passed) => setTimeout(passed, 5))
      expect(await behalf.run(rules, adapted('two'), () => 'ran')).toMatchObject({ code: 'approval_denied' })
      expect(questions).toHaveLength(1)
    },
  )

  test(
    verifies(
      'A13',
      'a default of the current time: also where a clock stands still until code has waited for the store',
    ),
    async () => {
      vi.useFakeTimers({ toFake: ['Date'] })
      onTestFinished(() => void vi.useRealTimers())
      const later = () => vi.setSystemTime(Date.now() + 1)
      const { guard, call, store } = smallWorld()
      const remote: Store = Object.assign(
        tapped(store, (_, __, next) => {
          later()
          return next()
        }),
        {
          now: () => {
            later()
            return store.now()
          },
        },
      )
      const behalf = guard({ store: remote })
      const timed = withReference(() => new Date().toISOString())
      const rules = policy(timed, { effect: 'write' })
      const adapted = (slot: string) => call({ slot, input: timed.parse({ amount: 50 }), rawInput: { amount: 50 } })
      const lost = () => Promise.reject(new Error('no answer'))
      await expect(behalf.run(rules, adapted('one'), lost)).rejects.toThrow('no answer')
      later()
      expect(await behalf.run(rules, adapted('two'), () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
    },
  )

  test(
    verifies('A10', 'a random default: what was approved is frozen in each later try, and no rule changes it'),
    async () => {
      const { guard, call, answers, clock, questions } = smallWorld()
      const behalf = guard()
      const when = ({ input }: { input: z.infer<typeof random> }) => {
        // As code does that is not strict: it goes on where an object is frozen.
        Reflect.set(input, 'amount', 5000)
        Reflect.set(input.meta, 'reference', 'changed')
        return true
      }
      const message = ({ input }: { input: z.infer<typeof random> }) => `Pay ${input.amount} ${input.meta.reference}`
      const rules = policy(random, { version: '1', approval: { message, when } })
      await behalf.run(rules, call(), () => 'ran')
      answers({ status: 'approved' })
      clock.advance(8)
      const ran = await behalf.run(rules, call(), (input) => `Pay ${input.amount} ${input.meta.reference}`)
      expect(ran).toMatchObject({ status: 'done', result: questions[0]?.message })
    },
  )

  test('a random default beside edited arguments, at any depth: another edit is another call', async () => {
    const { guard, call, questions } = smallWorld()
    const behalf = guard()
    const order = z.strictObject({ amount: z.number(), id: z.string().default(() => crypto.randomUUID()) })
    const orders = z.strictObject({ order, list: z.array(order) })
    const message = ({ input }: { input: z.infer<typeof orders> }) =>
      `Pay ${input.order.amount + (input.list[0]?.amount ?? 0)}`
    const rules = policy(orders, { version: '1', approval: { message } })
    const rawInput = { order: { amount: 50 }, list: [{ amount: 1 }] }
    const edited = (slot: string, amount: number, first: number) =>
      call({ slot, input: orders.parse({ order: { amount }, list: [{ amount: first }] }), rawInput })
    await behalf.run(rules, edited('one', 60, 1), () => 'ran')
    await behalf.run(rules, edited('two', 70, 1), () => 'ran')
    await behalf.run(rules, edited('three', 60, 2), () => 'ran')
    await behalf.run(rules, edited('four', 60, 1), () => 'ran')
    expect(questions.map(({ message }) => message)).toEqual(['Pay 61', 'Pay 71', 'Pay 62'])
  })

  test('a null in place of a random default is another call', async () => {
    const { guard, call, questions } = smallWorld()
    const behalf = guard()
    const nullable = z.strictObject({
      amount: z.number(),
      reference: z
        .string()
        .nullable()
        .default(() => crypto.randomUUID()),
    })
    const rules = policy(nullable, { version: '1', approval: { message: ({ input }) => `Pay ${input.reference}` } })
    await behalf.run(rules, call({ slot: 'one' }), () => 'ran')
    await behalf.run(rules, call({ slot: 'two', input: { amount: 50, reference: null } }), () => 'ran')
    expect(questions.map(({ message }) => message)).toEqual([expect.any(String), 'Pay null'])
  })

  test(verifies('A13', 'a random default beside another: spelling that one out makes no other call'), async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    const rules = policy(random, { effect: 'write' })
    const lost = () => Promise.reject(new Error('no answer'))
    await expect(behalf.run(rules, call({ slot: 'one' }), lost)).rejects.toThrow('no answer')
    const spelled = call({ slot: 'two', input: { amount: 50, currency: 'EUR' } })
    expect(await behalf.run(rules, spelled, () => 'ran')).toMatchObject({ code: 'unknown_outcome' })
  })

  test('a random default: one open question serves both slots, and what it showed runs', async () => {
    const { guard, call, answers, clock, questions } = smallWorld()
    const behalf = guard()
    const message = ({ input }: { input: z.infer<typeof random> }) => `Pay ${input.amount} ${input.meta.reference}`
    const rules = policy(random, { version: '1', approval: { message } })
    await behalf.run(rules, call({ slot: 'one' }), () => 'ran')
    await behalf.run(rules, call({ slot: 'two' }), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(8)
    const ran = await behalf.run(rules, call({ slot: 'two' }), (input) => `Pay ${input.amount} ${input.meta.reference}`)
    expect(ran).toMatchObject({ status: 'done', result: questions[0]?.message })
    expect(questions).toHaveLength(1)
  })
})
