import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { policy } from '../../../src/index.ts'
import { asks, schema, smallWorld, user, writes } from './small-world.ts'

/** The rules of a policy without a version of its own: a deploy that changes them changes their digest. */
const deployed = (over: object) => policy(schema, { effect: 'write', ...over })

describe('the same slot and raw input name the same run (A12)', () => {
  test.each<readonly [string, object, object]>([
    ['the time limit of its policy', { timeoutMs: 1_000 }, { timeoutMs: 2_000 }],
    ['the version of its policy', { version: '1' }, { version: '2' }],
    ['the way that it waits', { wait: { maxSeconds: 1 } }, { wait: { maxSeconds: 2 } }],
  ])(
    verifies('A12', 'a completed write is told again and not run again after a deploy changed %s'),
    async (_, before, after) => {
      const { guard, call } = smallWorld()
      let runs = 0
      await guard().run(deployed(before), call(), () => ++runs)
      expect(await guard().run(deployed(after), call(), () => ++runs)).toMatchObject({ status: 'done', result: 1 })
      expect(runs).toBe(1)
    },
  )

  test(verifies('A12', 'a crashed run is not run again after a deploy'), async () => {
    const { guard, call, clock } = smallWorld()
    // A poll that comes before the first call has claimed the run would claim it itself.
    await new Promise<void>((started) => {
      void guard().run(deployed({ timeoutMs: 1_000 }), call(), () => {
        started()
        return new Promise(() => {})
      })
    })
    const meanwhile = await guard().run(deployed({ timeoutMs: 400 }), call(), () => 'ran')
    expect(meanwhile.status).toBe('unavailable')
    clock.advance(61)
    expect(await guard().run(deployed({ timeoutMs: 2_000 }), call(), () => 'ran')).toMatchObject({
      status: 'denied',
      code: 'unknown_outcome',
    })
  })

  test(
    verifies('A12', 'a completed write is told to a token of another client of the same issuer, and not run again'),
    async () => {
      const { guard, call } = smallWorld()
      let runs = 0
      const behalf = guard()
      await behalf.run(writes, call(), () => ++runs)
      const outcome = await behalf.run(writes, call({ identity: user({ clientId: 'mobile' }) }), () => ++runs)
      expect(outcome).toMatchObject({ status: 'done', result: 1 })
      expect(runs).toBe(1)
    },
  )

  test(verifies('A12', 'another kind of caller is refused what a run that started gave'), async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    await behalf.run(writes, call(), () => 'a secret')
    const agent = user({ actor: { subject: 'another-agent' } })
    const outcome = await behalf.run(writes, call({ identity: agent }), () => 'ran again')
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect(JSON.stringify(outcome)).not.toContain('secret')
  })

  test('another user, another tool and another input are other runs', async () => {
    const { guard, call } = smallWorld()
    const behalf = guard()
    let runs = 0
    const calls = [{}, { identity: user({ subject: 'bob' }) }, { tool: 'refund' }, { input: { amount: 51 } }]
    for (const over of calls) await behalf.run(writes, call(over), () => ++runs)
    expect(runs).toBe(calls.length)
  })
})

describe('the first parsed input of a slot is the input of its run (A12)', () => {
  const random = z.strictObject({ amount: z.number(), reference: z.string().default(() => crypto.randomUUID()) })

  test(verifies('A12', 'a random default: three tries of one slot run the write once'), async () => {
    const { guard, call } = smallWorld()
    const seen: string[] = []
    const policyOf = policy(random, { version: '1', effect: 'write' })
    const results: unknown[] = []
    for (let tries = 0; tries < 3; tries++) {
      const outcome = await guard().run(policyOf, call(), ({ reference }) => {
        seen.push(reference)
        return reference
      })
      results.push(outcome.status === 'done' && outcome.result)
    }
    expect(seen).toHaveLength(1)
    expect(results).toEqual([seen[0], seen[0], seen[0]])
  })

  test('a random default: the person is asked once, and the approved input runs', async () => {
    const { guard, call, answers, clock, questions } = smallWorld()
    const policyOf = policy(random, {
      version: '1',
      approval: { message: ({ input }) => `Pay ${input.amount}`, details: ({ input }) => [{ type: 'pay', ...input }] },
    })
    for (let tries = 0; tries < 5; tries++) {
      await guard().preflight(policyOf, call())
      clock.advance(6)
    }
    expect(questions).toHaveLength(1)
    answers({ status: 'approved' })
    const outcome = await guard().run(policyOf, call(), ({ reference }) => reference)
    expect(outcome).toMatchObject({ status: 'done', result: questions[0]?.details[0]?.reference })
  })

  test('a framework that parses before the guard: what the model wrote names the run', async () => {
    const { guard, call } = smallWorld()
    const seen: unknown[] = []
    const policyOf = policy(random, { version: '1', effect: 'write' })
    const results: unknown[] = []
    const run = (over: object) =>
      guard().run(policyOf, call(over), ({ reference }) => seen.push(reference) && reference)
    for (const reference of ['one', 'two']) {
      const outcome = await run({ input: { amount: 1, reference }, rawInput: { amount: 1 } })
      results.push(outcome.status === 'done' && outcome.result)
    }
    expect([seen, results]).toEqual([['one'], ['one', 'one']])
    // Other arguments are another run.
    await run({ input: { amount: 2, reference: 'three' }, rawInput: { amount: 2 } })
    // Where what was written is no JSON, what was parsed names the run.
    for (const reference of ['four', 'five', 'four']) {
      await run({ input: { amount: 3, reference }, rawInput: { amount: () => 3 } })
    }
    expect(seen).toEqual(['one', 'three', 'four', 'five'])
    const large = await run({
      input: { amount: 4, reference: 'six' },
      rawInput: { amount: 4, more: 'x'.repeat(2 ** 20) },
    })
    expect(large).toMatchObject({ status: 'denied', code: 'invalid_input' })
  })

  test(verifies('A12', 'the policy is asked about the stored input, and not about a fresh default'), async () => {
    const { guard, call, questions } = smallWorld()
    const flips = [1, 1_000]
    const growing = z.strictObject({ amount: z.number(), fee: z.number().default(() => flips.shift() ?? 1_000) })
    const policyOf = policy(growing, {
      version: '1',
      approval: { message: () => 'Pay', when: ({ input }) => input.fee > 100 },
    })
    const paid: number[] = []
    await guard().run(policyOf, call(), ({ fee }) => void paid.push(fee))
    await guard().run(policyOf, call(), ({ fee }) => void paid.push(fee))
    expect({ paid, asked: questions.length }).toEqual({ paid: [1], asked: 0 })
  })

  test('a schema that no longer takes the stored input refuses the call', async () => {
    const { guard, call, clock, answers } = smallWorld()
    await guard().run(asks, call(), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(6)
    const doubled = policy(z.strictObject({ amount: z.number(), unit: z.string().default('cent') }), {
      version: '1',
      approval: { message: () => 'Pay' },
    })
    expect(await guard().run(doubled, call(), () => 'ran')).toMatchObject({ status: 'denied', code: 'invalid_input' })
  })

  /** The tool after a deploy that gave its schema another field. */
  const wider = (over: object = {}) =>
    policy(z.strictObject({ amount: z.number(), unit: z.string().default('cent') }), { effect: 'write', ...over })

  test(verifies('A12', 'a completed write is told again after a deploy whose schema refuses its input'), async () => {
    const { guard, call } = smallWorld()
    await guard().run(writes, call(), () => 'paid')
    expect(await guard().run(wider(), call(), () => 'ran')).toMatchObject({ status: 'done', result: 'paid' })
  })

  test(verifies('A13', 'a run in doubt stays in doubt after a deploy whose schema refuses its input'), async () => {
    const { guard, call } = smallWorld()
    const lost = () => Promise.reject(new Error('no answer'))
    await expect(guard().run(writes, call(), lost)).rejects.toThrow('no answer')
    expect(await guard().run(wider(), call(), () => 'ran')).toMatchObject({
      status: 'denied',
      code: 'unknown_outcome',
      idempotencyKey: expect.any(String),
    })
  })

  test('a schema that refuses the stored input tells nothing to another kind of caller', async () => {
    const { guard, call } = smallWorld()
    await guard().run(writes, call(), () => 'a secret')
    const agent = call({ identity: user({ actor: { subject: 'another-agent' } }) })
    expect(await guard().run(wider(), agent, () => 'ran')).toMatchObject({ status: 'denied', code: 'not_permitted' })
  })
})
