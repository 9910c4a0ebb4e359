import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { type GuardOptions, type Invocation, type Policy, policy } from '../../../src/index.ts'
import { smallWorld, user } from './small-world.ts'

// Loose on purpose: what the schema lets through, the binding has to hold.
const Order = z.looseObject({ symbol: z.unknown(), amount: z.unknown() })
const approval = { message: () => 'Do it' }
const order = policy(Order, { version: '1', approval })
const approvedInput = { symbol: 'AAPL', amount: 50, to: { name: 'José', tags: ['a', 'b'] } }

/** Approved for `approvedInput`, not yet used. */
async function approved() {
  const world = smallWorld()
  const behalf = world.guard()
  const first = await behalf.run(order, world.call({ input: approvedInput }), () => 'ran')
  const id = first.status === 'interrupted' ? first.interrupt.id : ''
  world.answers({ status: 'approved' })
  world.clock.advance(10)
  expect(await behalf.preflight(order, world.call({ input: approvedInput }))).toMatchObject({ status: 'ready' })
  world.answers({ status: 'pending' })
  const isUnused = async (state = 'approved') => {
    if (state !== '') expect(await behalf.approvals.get(id, { identity: user() })).toMatchObject({ state })
    return world.questions.length
  }
  return { ...world, behalf, isUnused }
}

interface Attempt {
  /** Of the approved run, afterwards. @default unused as before */
  readonly leaves?: 'open' | ''
  readonly input?: unknown
  readonly call?: Partial<Invocation>
  readonly rules?: Policy
  readonly guard?: Partial<GuardOptions>
}

async function attempt({ input = approvedInput, call = {}, rules = order, guard, leaves }: Attempt) {
  const world = await approved()
  const behalf = guard === undefined ? world.behalf : world.guard(guard)
  // A yes is left for a while to whom it was given for.
  if (leaves !== undefined) world.clock.advance(31)
  let runs = 0
  const outcome = await behalf.run(rules as typeof order, world.call({ ...call, input }), () => ++runs)
  return { outcome, runs, questions: await world.isUnused(leaves) }
}

class Amount {
  readonly amount = 50
}
const changed = (over: Record<string, unknown>) => ({ input: { ...approvedInput, ...over } })

const anotherQuestion: Record<string, Attempt> = {
  'another amount': changed({ amount: 500 }),
  'an amount that differs in the last place': changed({ amount: 50.00000000000001 }),
  'the other sign': changed({ amount: -50 }),
  'the number as text': changed({ amount: '50' }),
  'the number in full-width digits': changed({ amount: '\uff15\uff10' }),
  'a list of the number': changed({ amount: [50] }),
  'null for the number': changed({ amount: null }),
  'a Cyrillic letter that looks the same': changed({ symbol: '\u0410APL' }),
  'a letter with a zero-width space': changed({ symbol: 'AAPL\u200b' }),
  'a right-to-left override': changed({ symbol: '\u202eLPAA' }),
  'the same letters, composed otherwise': changed({ to: { name: 'Jose\u0301', tags: ['a', 'b'] } }),
  'another case': changed({ symbol: 'aapl' }),
  'an extra field': changed({ note: 'and more' }),
  'an extra field, deep within': changed({ to: { name: 'José', tags: ['a', 'b'], iban: 'DE00' } }),
  'a field less': { input: { symbol: 'AAPL', amount: 50 } },
  'a list in another order': changed({ to: { name: 'José', tags: ['b', 'a'] } }),
  'a list with one more': changed({ to: { name: 'José', tags: ['a', 'b', 'c'] } }),
  'a field named constructor': changed({ constructor: 'x' }),
  'another tool with the same input': { call: { tool: 'sell_everything' } },
  'another tenant': { call: { identity: user({ tenant: 'other' }) } },
  'another user in the same thread': { call: { identity: user({ subject: 'bob' }) } },
  // The same slot and input name the same run: it is asked again, under its own id.
  'another client of the same user': { leaves: '', call: { identity: user({ clientId: 'other' }) } },
  'another agent': { guard: { agent: { name: 'agent:other' } } },
  'a policy whose version moved on': { leaves: 'open', rules: policy(Order, { version: '2', approval }) },
}

let reads = 0
const refused: Record<string, unknown> = {
  'an own __proto__': JSON.parse('{"symbol":"AAPL","amount":50,"__proto__":{"amount":500}}'),
  'an own __proto__, deep within': JSON.parse('{"symbol":"AAPL","amount":50,"to":{"__proto__":{"iban":"DE00"}}}'),
  'a prototype that holds the rest': Object.create(approvedInput),
  'a class instance': new Amount(),
  'a Date': { ...approvedInput, amount: new Date(0) },
  'a boxed number': { ...approvedInput, amount: Object(50) },
  'a bigint': { ...approvedInput, amount: 50n },
  NaN: { ...approvedInput, amount: Number.NaN },
  Infinity: { ...approvedInput, amount: Number.POSITIVE_INFINITY },
  'a lone surrogate': { ...approvedInput, symbol: 'AAPL\ud800' },
  'a Map': new Map(Object.entries(approvedInput)),
  'an array with a hole': { ...approvedInput, to: { name: 'José', tags: Object.assign(new Array(3), { 0: 'a' }) } },
  'an array with a field': { ...approvedInput, to: Object.assign(['a'], { iban: 'DE00' }) },
  'a symbol for a key': { ...approvedInput, [Symbol('amount')]: 500 },
  'toJSON that says something else': { ...approvedInput, toJSON: () => approvedInput },
  'a getter that answers differently the second time': {
    ...approvedInput,
    get amount() {
      return ++reads === 1 ? 50 : 500
    },
  },
}

const theSame: Record<string, unknown> = {
  'another key order': Object.fromEntries(Object.entries(approvedInput).reverse()),
  'another key order, deep within': { ...approvedInput, to: { tags: ['a', 'b'], name: 'José' } },
  'another way to write the number': JSON.parse('{"symbol":"AAPL","amount":5e1,"to":{"name":"José","tags":["a","b"]}}'),
  'a trailing zero': JSON.parse('{"symbol":"AAPL","amount":50.0,"to":{"name":"Jos\\u00e9","tags":["a","b"]}}'),
  'a field that is undefined': { ...approvedInput, note: undefined },
  'an object without prototype': Object.assign(Object.create(null), approvedInput),
}

describe('approve, then change: the old approval stays unused (A1, A10)', () => {
  test.each(Object.entries(anotherQuestion))(verifies('A1', '%s is another question'), async (_, change) => {
    const { outcome, runs, questions } = await attempt(change)
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect([runs, questions]).toEqual([0, 2])
  })

  test('another actor has no question in this slot', async () => {
    const { outcome, runs, questions } = await attempt({ call: { identity: user({ actor: { subject: 'someone' } }) } })
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect([runs, questions]).toEqual([0, 1])
  })

  test.each(Object.entries(refused))('%s is refused, and no question is sent', async (_, input) => {
    const { outcome, runs, questions } = await attempt({ input })
    expect(outcome).toMatchObject({ status: 'denied', code: 'invalid_input' })
    expect([runs, questions]).toEqual([0, 1])
  })
})

describe('the same meaning is the same question', () => {
  test.each(Object.entries(theSame))('%s runs on the old approval', async (_, input) => {
    const { behalf, call, questions } = await approved()
    const outcome = await behalf.run(order, call({ input }), (given) => given)
    expect(outcome).toMatchObject({ status: 'done', result: approvedInput })
    expect(questions).toHaveLength(1)
  })

  test(verifies('A10', 'what changes after it was handed over changes nothing'), async () => {
    const { behalf, call } = await approved()
    const input = structuredClone(approvedInput)
    const running = behalf.run(order, call({ input }), (given) => ({ given, isFrozen: Object.isFrozen(given) }))
    input.amount = 500
    input.to.name = 'Mallory'
    expect(await running).toMatchObject({ status: 'done', result: { given: approvedInput, isFrozen: true } })
  })
})
