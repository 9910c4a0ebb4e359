import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { policy } from '../../../src/index.ts'
import { smallWorld } from './small-world.ts'

const anything = policy(z.strictObject({ value: z.unknown() }), {})
const MIB = 1024 * 1024

/** What becomes of a call with such an input. */
async function giving(value: unknown, maxInputBytes?: number) {
  const { guard, call } = smallWorld()
  const behalf = guard(maxInputBytes === undefined ? {} : { maxInputBytes })
  const outcome = await behalf.run(anything, call({ input: { value } }), (input) => input.value)
  return { outcome, detail: outcome.trace.steps.at(-1)?.detail ?? '' }
}

describe('-0 is 0: the approved input runs (A10)', () => {
  test(verifies('A10', 'in the input, however deep, and in what a schema makes'), async () => {
    const { guard, call, questions } = smallWorld()
    const Order = z.strictObject({ amount: z.number(), lines: z.array(z.number()), net: z.number().default(-0) })
    const asks = policy(Order, {
      approval: {
        message: ({ input }) => `Pay ${1 / input.amount}`,
        details: ({ input }) => [{ ...input, type: 'order' }],
      },
    })
    await guard().run(asks, call({ input: { amount: -0, lines: [1, -0] } }), () => 'ran')
    expect(questions[0]?.message).toBe('Pay Infinity')
    expect(Object.is(questions[0]?.details[0]?.net, 0)).toBe(true)
    const reads = policy(Order, {})
    const outcome = await guard().run(reads, call({ input: { amount: -0, lines: [1, -0] } }), (input) =>
      [input.amount, input.lines[1], input.net].map((value) => Object.is(value, 0)),
    )
    expect(outcome).toMatchObject({ status: 'done', result: [true, true, true] })
  })
})

describe('a large input is refused before it is read as a whole', () => {
  test.each<[string, unknown]>([
    ['a text', 'x'.repeat(2 * MIB)],
    ['a text of fewer characters than bytes', 'é'.repeat(700_000)],
    ['a million numbers', Array.from({ length: 1_000_000 }, (_, index) => index)],
    ['many objects', Array.from({ length: 200_000 }, () => ({ a: 1 }))],
    ['many keys', Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, true]))],
  ])('%s', async (_, value) => {
    const { outcome, detail } = await giving(value)
    expect(outcome).toMatchObject({ status: 'denied', code: 'invalid_input' })
    const [given = 0, allowed = 0] = (detail.match(/\d+/g) ?? []).map(Number)
    expect(allowed).toBe(MIB)
    expect(given).toBeGreaterThan(MIB)
  })

  test(verifies('A10', 'to the byte, and as the guard was told'), async () => {
    const value = 'é"'.repeat(10)
    // {"value":"…"}: 3 bytes for each pair of characters, as escapes do not count.
    expect(await giving(value, 42)).toMatchObject({ outcome: { status: 'done', result: value } })
    const { outcome, detail } = await giving(value, 41)
    expect(outcome).toMatchObject({ code: 'invalid_input' })
    expect(detail).toBe('the input has at least 42 bytes, and at most 41 are allowed')
  })

  test('what a schema makes of a small input is bounded as well', async () => {
    const { guard, call } = smallWorld()
    const grows = policy(z.strictObject({ text: z.string().transform((text) => text.padEnd(500, text)) }), {})
    const outcome = await guard({ maxInputBytes: 100 }).run(grows, call({ input: { text: 'a' } }), () => 'ran')
    expect(outcome).toMatchObject({ code: 'invalid_input' })
    expect(outcome.trace.steps.at(-1)?.detail).toContain("the schema's output has at least")
  })

  test('a million numbers are refused', async () => {
    const value = Array.from({ length: 1_000_000 }, () => 7)
    expect((await giving(value)).outcome).toMatchObject({ status: 'denied', code: 'invalid_input' })
  })

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '10'])(
    'maxInputBytes %j is refused where it is written',
    (maxInputBytes) => {
      expect(() => smallWorld().guard({ maxInputBytes: maxInputBytes as number })).toThrow('maxInputBytes')
    },
  )
})
