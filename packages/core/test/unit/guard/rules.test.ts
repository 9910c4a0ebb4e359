import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { type Credential, type Principal, policy, resource } from '../../../src/index.ts'
import { API, buy, createOrder, ORIGIN, policies, world } from './world.ts'

const Order = z.strictObject({ n: z.number() })
const details = ({ input }: { input: { n: number } }) => [{ type: 'stock_order', n: input.n }]
const access = { trade: resource(API, { scopes: ['trade:write'] }) }

describe('who is asked, and what for (A8, A9)', () => {
  test('only a literal false of `when` exempts a call', async () => {
    const { guard, login, invocation, clock } = await world()
    const identity = await login()
    const behalf = guard()
    const asking = (answer: unknown) =>
      policy(Order, { approval: { message: () => 'Do it', when: () => answer as boolean } })
    for (const answer of [true, undefined, null, 0, '', 'false']) {
      const call = invocation({ tool: `t-${String(answer)}`, input: { n: 1 }, identity })
      const outcome = await behalf.run(asking(answer), call, () => 'ran')
      expect(outcome.status, String(answer)).toBe('interrupted')
      if (outcome.status === 'interrupted') await behalf.approvals.cancel(outcome.interrupt.id, { identity })
      clock.advance(30)
    }
    const call = invocation({ tool: 't', input: { n: 1 }, identity })
    expect((await behalf.run(asking(false), call, () => 'ran')).status).toBe('done')
  })

  test('another approver’s token is no credential of the user’s: enforcedBy server is refused', async () => {
    const { guard, login, invocation, authorizationServer } = await world()
    const identity = await login()
    const bob: Principal = { issuer: identity.issuer, subject: 'bob' }
    const approval = { message: () => 'Do it', approver: () => bob }
    const call = invocation({ tool: 't', input: { n: 1 }, identity })
    const strict = policy(Order, { access, approval: { ...approval, details, enforcedBy: 'server' } })
    expect(await guard().run(strict, call, () => 'ran')).toMatchObject({ code: 'misconfigured' })
    const loose = await guard().run(policy(Order, { access, approval }), call, () => 'ran')
    expect(loose.trace.steps.at(-1)).toMatchObject({ verdict: 'interrupted' })
    const [asked] = await authorizationServer.controls.pendingRequests()
    expect(asked).toMatchObject({ subject: 'bob', scopes: ['openid'] })
  })

  test(verifies('A8', 'an approver without issuer or subject is refused'), async () => {
    const { guard, login, invocation } = await world()
    const call = invocation({ tool: 't', input: { n: 1 }, identity: await login() })
    for (const unnamed of [{ issuer: 'x' }, { issuer: '', subject: 'bob' }, { issuer: 'x', subject: 5 }]) {
      const asking = policy(Order, { approval: { message: () => 'Do it', approver: () => unnamed as never } })
      expect(await guard().run(asking, call, () => 'ran')).toMatchObject({ code: 'misconfigured' })
    }
  })

  test('perCall asks for every call; without it an equal open question serves', async () => {
    const { guard, login, invocation, authorizationServer } = await world()
    const identity = await login()
    const behalf = guard()
    const ask = async (perCall: boolean, slot: string) => {
      const rules = { approval: { message: () => 'Do it', perCall } }
      await behalf.run(
        policy(Order, rules),
        invocation({ tool: `t-${perCall}`, input: { n: 1 }, identity, slot }),
        () => 1,
      )
      return (await authorizationServer.controls.pendingRequests()).length
    }
    expect([await ask(false, 'a'), await ask(false, 'b')]).toEqual([1, 1])
    expect([await ask(true, 'a'), await ask(true, 'b')]).toEqual([2, 3])
  })

  test(verifies('A8', 'what the person reads has no hidden characters, and is composed'), async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    const read: string[] = []
    const channel: ApprovalChannel = {
      specificationVersion: 2,
      ask: async ({ message }) => {
        read.push(message)
        return { state: {} }
      },
      poll: async () => ({ status: 'pending' }),
    }
    const behalf = guard({ approvals: channel })
    const say = (message: string) =>
      behalf.run(
        policy(Order, { version: `of ${message}`, approval: { message: () => message } }),
        invocation({ tool: 't', input: { n: 1 }, identity }),
        () => 'ran',
      )
    for (const hidden of [
      'Buy\u202e 05',
      'Buy\u200b 5',
      'Buy\n5',
      'Buy \u2066x',
      'x\u2028y',
      '\u2800',
      'x\u3164',
      'x\u034f',
      'x\ud800',
      'x'.repeat(2_001),
    ]) {
      expect(await say(hidden), JSON.stringify(hidden)).toMatchObject({ code: 'invalid_input' })
    }
    await say('Cafe\u0301')
    expect(read).toEqual(['Caf\u00e9'])
  })
})

describe('permission and access', () => {
  test(verifies('F1', 'an empty list of permissions allows nothing (F1)'), async () => {
    const { guard, login, invocation } = await world()
    const none = policy(Order, { permission: () => [] })
    const call = invocation({ tool: 't', input: { n: 1 }, identity: await login() })
    expect(await guard().run(none, call, () => 'ran')).toMatchObject({ code: 'not_permitted' })
  })

  test(verifies('I2', 'an approval’s token is never cached, and never replaced (I2, I6)'), async () => {
    const { guard, login, invocation, authorizationServer, clock, stockTrade } = await world()
    const behalf = guard()
    const identity = await login()
    const order = async (slot: string) => {
      const call = invocation({ tool: 'create_order', input: buy(50), identity, slot })
      await behalf.run(policies.create_order, call, createOrder)
      await authorizationServer.controls.approve()
      clock.advance(10)
      return behalf.run(policies.create_order, call, async (_, { access }) =>
        access.trade.fetch(`${ORIGIN}/orders`, { method: 'POST', body: '{}' }).then(({ status }) => status),
      )
    }
    await stockTrade.controls.fault('place-order', { status: 401, times: 1 })
    const before = (await authorizationServer.controls.requests()).length
    expect(await order('a')).toMatchObject({ status: 'done', result: 401 })
    // Another order of the same kind asks again: the first answer leaves nothing to use.
    expect(await order('b')).toMatchObject({ status: 'done' })
    const asked = (await authorizationServer.controls.requests()).slice(before)
    expect(asked.filter(({ parameters }) => String(parameters.grant_type).includes('token-exchange'))).toHaveLength(0)
    expect(asked.filter(({ endpoint }) => endpoint === 'bc-authorize')).toHaveLength(2)
    const sent = (await stockTrade.controls.requests()).map(({ authorization }) => authorization)
    expect([sent.length, new Set(sent).size]).toEqual([2, 2])
  })
})

describe('approved calls and the cache (I2)', () => {
  const claimsOf = (token: string) =>
    JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))

  test('a token of the same size that is in the cache never takes the place of an approval’s', async () => {
    const { guard, login, invocation, authorizationServer, clock } = await world()
    const behalf = guard()
    const identity = await login()
    const unasked = policy(z.strictObject({}), { access })
    const seen = (_: unknown, call: { access: { trade: Credential } }) =>
      call.access.trade.withToken((token) => claimsOf(token).authorization_details ?? 'none')
    expect(await behalf.run(unasked, invocation({ tool: 'u', identity }), seen)).toMatchObject({ result: 'none' })
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    await behalf.run(policies.create_order, call, seen)
    await authorizationServer.controls.approve()
    clock.advance(10)
    expect(await behalf.run(policies.create_order, call, seen)).toMatchObject({ result: [{ quantity: 50 }] })
  })

  test(verifies('I2', 'what is exchanged for an approved call is kept for no other'), async () => {
    const { guard, login, invocation, authorizationServer, clock } = await world()
    const behalf = guard()
    const identity = await login()
    // Without details the approval is evidence, and the token is exchanged (A9 b).
    const asking = policy(Order, { access, approval: { message: ({ input }) => `Do ${input.n}` } })
    const run = (n: number) => behalf.run(asking, invocation({ tool: 't', input: { n }, identity }), () => 'ran')
    for (const n of [1, 2]) {
      await run(n)
      await authorizationServer.controls.approve()
      clock.advance(10)
      expect(await run(n)).toMatchObject({ status: 'done' })
    }
    const grants = (await authorizationServer.controls.requests()).map(({ parameters }) =>
      String(parameters.grant_type),
    )
    expect(grants.filter((grant) => grant.includes('token-exchange'))).toHaveLength(2)
  })
})

describe('the inbox finds an owner’s own questions only (A8)', () => {
  test('another tenant, another client and an unverified object find nothing', async () => {
    const { guard, login, invocation } = await world()
    const behalf = guard()
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    const first = await behalf.run(policies.create_order, call, createOrder)
    if (first.status !== 'interrupted') throw new Error(first.status)
    const { id } = first.interrupt
    expect(await behalf.approvals.get(id, { identity })).toMatchObject({ state: 'open' })
    const strangers = [
      admit({ ...fieldsOf(identity), tenant: 'other' }),
      admit({ ...fieldsOf(identity), clientId: 'other' }),
      admit({ ...fieldsOf(identity), issuer: 'https://other.example/' }),
      fieldsOf(identity),
    ]
    for (const stranger of strangers) expect(await behalf.approvals.get(id, { identity: stranger })).toBeUndefined()
    expect(await behalf.approvals.get('no-such-id', { identity })).toBeUndefined()
  })
})
