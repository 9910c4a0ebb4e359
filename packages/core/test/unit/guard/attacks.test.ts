import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { type Identity, type Invocation, policy } from '../../../src/index.ts'
import { buy, createOrder, policies, world } from './world.ts'

/** Asked and approved for 50, not yet used. */
async function approvedFor50() {
  const target = await world()
  const guard = target.guard()
  const identity = await target.login()
  const call = target.invocation({ tool: 'create_order', input: buy(50), identity })
  const first = await guard.run(policies.create_order, call, createOrder)
  if (first.status !== 'interrupted') throw new Error(first.status)
  await target.authorizationServer.controls.approve()
  target.clock.advance(10)
  const unused = async () => {
    const view = await guard.approvals.get(first.interrupt.id, { identity })
    expect(view?.state).toBe('approved')
    expect(await target.stockTrade.controls.orders('p-ann')).toHaveLength(0)
  }
  return { ...target, behalf: guard, identity, call, unused }
}

const attempt = (input: unknown, over: Partial<Invocation> = {}) => ({ input, over })

describe('approve, then change: the old approval stays unused (A1, A10)', () => {
  const asksAgain = {
    'another amount': attempt(buy(500)),
    'another symbol': attempt(buy(50, { symbol: 'MSFT' })),
    'another side': attempt(buy(50, { side: 'sell' })),
  }
  for (const [name, { input }] of Object.entries(asksAgain)) {
    test(`${name} is another question`, async () => {
      const { behalf, call, unused, authorizationServer } = await approvedFor50()
      const outcome = await behalf.run(policies.create_order, { ...call, input }, createOrder)
      expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
      expect(await authorizationServer.controls.pendingRequests()).toHaveLength(1)
      await unused()
    })
  }

  class OrderOf50 {
    portfolio = 'p-ann'
    side = 'buy'
    symbol = 'AAPL'
    quantity = 50
  }
  let reads = 0
  const refused: Record<string, unknown> = {
    'an extra field': { ...buy(50), note: 'and more' },
    'an own __proto__': JSON.parse(
      `{"portfolio":"p-ann","side":"buy","symbol":"AAPL","quantity":50,"__proto__":{"quantity":500}}`,
    ),
    'a number as text': buy(50, { quantity: '50' }),
    'a class instance': new OrderOf50(),
    'a Date': buy(50, { symbol: new Date(0) }),
    'a getter that answers differently the second time': {
      ...buy(50),
      get quantity() {
        return ++reads === 1 ? 50 : 500
      },
    },
    NaN: buy(50, { quantity: Number.NaN }),
    'no input at all': undefined,
  }
  for (const [name, input] of Object.entries(refused)) {
    test(`${name} is refused`, async () => {
      const { behalf, call, unused } = await approvedFor50()
      const outcome = await behalf.run(policies.create_order, { ...call, input }, createOrder)
      expect(outcome).toMatchObject({ status: 'denied', code: 'invalid_input' })
      await unused()
    })
  }

  test('a look-alike symbol is another question, or none that can be shown', async () => {
    const { behalf, call, unused } = await approvedFor50()
    // Cyrillic А; FGA knows no such symbol, and the channel's alphabet has no such letter.
    const outcome = await behalf.run(
      policies.create_order,
      { ...call, input: buy(50, { symbol: '\u0410APL' }) },
      createOrder,
    )
    expect(outcome.status).toBe('denied')
    const hidden = await behalf.run(
      policies.create_order,
      { ...call, input: buy(50, { symbol: 'AAPL\u202e' }) },
      createOrder,
    )
    expect(hidden.status).toBe('denied')
    await unused()
  })

  test('another tool with the same input, another user in the same thread, another agent: none of them has it', async () => {
    const { behalf, call, unused, login, guard, identity } = await approvedFor50()
    const otherTool = await behalf.run(policies.create_order, { ...call, tool: 'sell_everything' }, createOrder)
    expect(otherTool.status).toBe('interrupted')
    const bob = await behalf.run(policies.create_order, { ...call, identity: await login('bob') }, createOrder)
    expect(bob).toMatchObject({ status: 'denied', code: 'not_permitted' })
    const tenant = admit({ ...fieldsOf(identity), tenant: 'other' })
    expect((await behalf.run(policies.create_order, { ...call, identity: tenant }, createOrder)).status).not.toBe(
      'done',
    )
    const otherAgent = await guard({ agent: { name: 'agent:other' } }).run(policies.create_order, call, createOrder)
    expect(otherAgent.status).toBe('denied')
    await unused()
  })

  test('a policy with a new version asks again', async () => {
    const { guard, login, invocation, authorizationServer, clock } = await world()
    const schema = z.object({ n: z.number() })
    const approval = { message: ({ input }: { input: { n: number } }) => `Do ${input.n}` }
    const behalf = guard()
    const call = invocation({ tool: 't', input: { n: 1 }, identity: await login() })
    await behalf.run(policy(schema, { version: '1', approval }), call, () => 'ran')
    await authorizationServer.controls.approve()
    clock.advance(10)
    await behalf.preflight(policy(schema, { version: '1', approval }), call)
    clock.advance(31)
    const moved = await behalf.run(policy(schema, { version: '2', approval }), call, () => 'ran')
    expect(moved.status).toBe('interrupted')
    // The yes to the old version is gone with it.
    expect((await behalf.run(policy(schema, { version: '1', approval }), call, () => 'ran')).status).toBe('interrupted')
  })

  test('the same meaning in another key order is the same question', async () => {
    const { behalf, call } = await approvedFor50()
    const input = Object.fromEntries(Object.entries(buy(50)).reverse())
    expect(await behalf.run(policies.create_order, { ...call, input }, createOrder)).toMatchObject({ status: 'done' })
  })

  test(verifies('A10', 'the body gets the approved input, frozen'), async () => {
    const { behalf, call } = await approvedFor50()
    const ran = behalf.run(policies.create_order, call, (input) => {
      ;(input as { quantity: number }).quantity = 500
    })
    await expect(ran).rejects.toThrow(TypeError)
  })

  test(
    verifies(
      'A10',
      'a schema that drops fields without an error, or parses its own output to another value, runs nothing',
    ),
    async () => {
      const { guard, login, invocation } = await world()
      const identity = await login()
      const behalf = guard()
      const run = (schema: z.ZodType<object>, input: unknown) =>
        behalf.run(policy(schema, {}), invocation({ tool: 't', input, identity }), () => 'ran')
      expect(await run(z.object({ a: z.number() }), { a: 1, b: 2 })).toMatchObject({ code: 'invalid_input' })
      const growing = z.object({ a: z.number() }).transform(({ a }) => ({ a: a + 1 }))
      expect(await run(growing, { a: 1 })).toMatchObject({ code: 'invalid_input' })
      const dated = z.object({ a: z.string() }).transform(({ a }) => ({ a: new Date(a) }))
      expect(await run(dated, { a: '2026-01-01' })).toMatchObject({ code: 'invalid_input' })
      expect(await run(z.object({ a: z.number().default(7) }), {})).toMatchObject({ status: 'done' })
    },
  )
})

describe('identity (I1)', () => {
  test(verifies('I1', 'an object that no verification made is refused, however right its fields are'), async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    const forged = [
      fieldsOf(identity),
      { kind: 'user', issuer: identity.issuer, subject: 'ann' },
      JSON.parse(JSON.stringify(identity)),
      structuredClone(identity),
      Object.create(identity),
    ]
    for (const fake of forged) {
      const outcome = await guard().run(
        policies.whoami,
        invocation({ tool: 'whoami', identity: fake as Identity }),
        () => 'ran',
      )
      expect(outcome).toMatchObject({ status: 'denied', code: 'identity_not_verified' })
    }
  })

  test('a promise as the identity is refused, and the trace says to await it', async () => {
    const { guard, login, invocation } = await world()
    const identity = Promise.resolve(await login()) as unknown as Identity
    const outcome = await guard().run(policies.whoami, invocation({ tool: 'whoami', identity }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'identity_not_verified' })
    expect(outcome.trace.steps.at(-1)?.detail).toBe(
      'no verification of @behalf/core returned this identity: await the promise',
    )
  })

  test(verifies('I1', 'a user id in the tool input changes nothing'), async () => {
    const { guard, login, invocation } = await world()
    const asking = policy(z.strictObject({ subject: z.string(), issuer: z.string() }), {})
    const outcome = await guard().run(
      asking,
      invocation({ tool: 't', input: { subject: 'bob', issuer: 'x' }, identity: await login('ann') }),
      (_, { identity }) => (identity?.kind === 'user' ? identity.subject : undefined),
    )
    expect(outcome).toMatchObject({ status: 'done', result: 'ann' })
  })

  test('an expired proof, and an issuer that the guard does not know, ask for a login', async () => {
    const { guard, login, invocation, clock } = await world()
    const identity = await login()
    const stranger = admit({ ...fieldsOf(identity), issuer: 'https://other.example/' })
    const behalf = guard()
    const run = (who: Identity) =>
      behalf.run(policies.whoami, invocation({ tool: 'whoami', identity: who }), () => 'ran')
    expect(await run(stranger)).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
    clock.advance(24 * 3600)
    expect(await run(identity)).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
  })

  test('an identity of a second copy of this package is accepted', async () => {
    const { guard, invocation, profile, clock, login } = await world()
    const { vi } = await import('vitest')
    const mine = await login()
    vi.resetModules()
    const second = await import('../../../src/index.ts')
    const { subjectTokenOf } = await import('../../../src/identity/subject-token.ts')
    const { revealToken } = await import('../../../src/credential/index.ts')
    const token = subjectTokenOf(mine)
    if (token === undefined) throw new Error('no token')
    const identity = await second.verifyAccessToken(revealToken(token.token), {
      authorizationServer: profile,
      audience: 'https://agent.behalf.example/',
      clock,
    })
    expect(second.verifyAccessToken).not.toBe((await import('./world.ts')).policies)
    expect(await guard().run(policies.whoami, invocation({ tool: 'whoami', identity }), () => 'ran')).toMatchObject({
      status: 'done',
    })
  })
})

describe('what has no policy does not run', () => {
  test('undefined, a plain object, and a look-alike', async () => {
    const { guard, invocation, login } = await world()
    const identity = await login()
    for (const none of [undefined, {}, { isPublic: true }, null]) {
      const outcome = await guard().run(none as never, invocation({ tool: 'x', identity }), () => 'ran')
      expect(outcome).toMatchObject({ status: 'denied', code: 'no_policy' })
      expect(await guard().preflight(none as never, invocation({ tool: 'x' }))).toMatchObject({ code: 'no_policy' })
    }
  })
})
