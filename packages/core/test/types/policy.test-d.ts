import { verifies } from '@behalf/testing/requirements'
import { describe, expectTypeOf, test } from 'vitest'
import * as z from 'zod'
import type { AccessRule, ExemptionsNamed, NeedsWithoutApproval, RuleCall, Rules } from '../../src/entrypoints/spi.ts'
import { connection } from '../../src/entrypoints/vault.ts'
import {
  type Call,
  type Credential,
  currentCall,
  type Guard,
  type Identity,
  type Invocation,
  may,
  type Outcome,
  object,
  type Policy,
  policy,
  publicTool,
  resource,
} from '../../src/index.ts'

declare const guard: Guard
declare const invocation: Invocation

const API = 'https://api.example.com'
const Order = z.strictObject({ portfolio: z.string(), side: z.enum(['buy', 'sell']), quantity: z.int() })
type Order = z.infer<typeof Order>

const createOrder = policy(Order, {
  permission: ({ input, identity }) => {
    expectTypeOf(input).toExtend<Order>()
    expectTypeOf(identity).toEqualTypeOf<Identity>()
    return may('can_trade', object('portfolio', input.portfolio), { context: { amount: input.quantity } })
  },
  approval: {
    message: ({ input }) => {
      expectTypeOf(input.side).toEqualTypeOf<'buy' | 'sell'>()
      return `${input.side} ${input.quantity}`
    },
    details: ({ input }) => {
      expectTypeOf(input).toEqualTypeOf<Order>()
      return [{ ...input, type: 'stock_order' }]
    },
    when: ({ input }) => input.quantity > 10,
  },
  access: { trade: resource(API, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) },
})

describe('a policy’s types', () => {
  test('the input and the credentials reach the body, and the result comes back', () => {
    const outcome = guard.run(createOrder, invocation, (input, call) => {
      expectTypeOf(input).toEqualTypeOf<Order>()
      expectTypeOf(call.access.trade).toEqualTypeOf<Credential>()
      // @ts-expect-error no credential of that name
      call.access.other
      return { id: 'o-1' }
    })
    expectTypeOf(outcome).resolves.toEqualTypeOf<Outcome<{ id: string }>>()
    expectTypeOf(currentCall(createOrder).access).toEqualTypeOf<{ readonly trade: Credential }>()
    // @ts-expect-error no credential of that name
    currentCall(createOrder).access.calendar
  })

  test('a body for another input does not compile', () => {
    // @ts-expect-error the policy hands over an Order
    guard.run(createOrder, invocation, (input: { city: string }) => input.city)
    guard.run(createOrder, invocation, (input: { portfolio: string }, _: Call) => input.portfolio)
  })

  test('a policy is covariant in its input, and nothing else is a policy', () => {
    expectTypeOf<Policy<{ a: string; b: number }>>().toExtend<Policy<{ a: string }>>()
    // @ts-expect-error another input
    const _: Policy<{ city: string }> = createOrder
    // @ts-expect-error not made by policy() or publicTool()
    guard.run({}, invocation, () => 1)
    guard.run(publicTool(z.object({ symbol: z.string() })), invocation, ({ symbol }) => symbol)
  })
})

describe('wrong policies do not compile', () => {
  test('an unknown rule, at the top and in approval', () => {
    // @ts-expect-error permisson is not a rule
    policy(Order, { permisson: () => may('x', object('a', 'b')) })
    // @ts-expect-error mesage is not a rule
    policy(Order, { approval: { message: () => 'x', mesage: () => 'x' } })
  })

  test('a field that the input lacks, in message, details and permission', () => {
    // @ts-expect-error no such field
    policy(Order, { approval: { message: ({ input }) => input.symbol } })
    // @ts-expect-error no such field
    policy(Order, { approval: { message: () => 'x', details: ({ input }) => [{ type: 't', symbol: input.symbol }] } })
    // @ts-expect-error no such field
    policy(Order, { permission: ({ input }) => may('x', object('a', input.symbol)) })
  })

  test(verifies('F4', 'a plain string as FGA object, and an input as context'), () => {
    // @ts-expect-error use object(type, id)
    may('can_view', 'portfolio:p1')
    policy(Order, {
      // @ts-expect-error use may(relation, object)
      permission: ({ input }) => ({ relation: 'can_view', object: `portfolio:${input.portfolio}` }),
    })
    // @ts-expect-error facts are named one by one; an object is not a fact
    may('can_view', object('portfolio', 'p1'), { context: { input: { a: 1 } } })
    const p1 = object('portfolio', 'p1')
    // @ts-expect-error a model wrote it: name each fact
    policy(Order, { permission: ({ input }) => may('can_trade', p1, { context: input }) })
    // @ts-expect-error spread, it is still the input as a whole
    policy(Order, { permission: ({ input }) => may('can_trade', p1, { context: { ...input } }) })
    // @ts-expect-error and so is what is left of it
    policy(Order, { permission: ({ input: { side, ...rest } }) => may(side, p1, { context: rest }) })
    // @ts-expect-error the checker sets the time
    may('can_view', object('portfolio', 'p1'), { context: { now: 'x' } })
  })

  test('`when` beside a credential that does not say what an exempted call may ask for', () => {
    policy(Order, {
      // @ts-expect-error withoutApproval is missing
      approval: { message: () => 'x', when: ({ input }) => input.quantity > 10 },
      access: { trade: resource(API, { scopes: ['trade:write'] }) },
    })
    policy(Order, {
      approval: { message: () => 'x' },
      access: { trade: resource(API, { scopes: ['trade:write'] }) },
    })
    policy(Order, {
      // @ts-expect-error withoutApproval is missing here too
      approval: { message: () => 'x', when: () => true },
      access: { cal: connection('calendar', { scopes: ['write'], origins: [API] }) },
    })
    policy(Order, {
      approval: { message: () => 'x', when: () => true },
      access: { cal: connection('calendar', { scopes: ['write'], withoutApproval: ['read'], origins: [API] }) },
    })
    policy(Order, { approval: { message: () => 'x', when: () => true } })
  })

  test('the compiler’s message for it names the fix, and the input keeps its type', () => {
    type When = NonNullable<NonNullable<Rules<{ n: number }, { trade: AccessRule }>['approval']>['when']>
    expectTypeOf<When>().toExtend<NeedsWithoutApproval>()
    expectTypeOf<When>().parameters.toEqualTypeOf<[RuleCall<{ n: number }>]>()
    type Allowed = NonNullable<ExemptionsNamed<{ n: number }, Record<never, never>>['when']>
    expectTypeOf<Allowed>().not.toExtend<NeedsWithoutApproval>()
  })
})
