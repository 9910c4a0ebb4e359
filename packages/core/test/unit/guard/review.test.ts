import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import { policy, type Slot } from '../../../src/index.ts'
import { buy, createOrder, policies, world } from './world.ts'

const schema = z.strictObject({})
const approval = { message: () => 'Do it' }

describe(verifies('E3', 'words that are misspelt weaken nothing (E3)'), () => {
  test.each([
    ['policy.effect', { effect: 'Write', approval }],
    ['policy.subjects', { subjects: 'users' }],
    ['policy.permission', { permission: 'can_view' }],
    ['policy.approval.enforcedBy', { approval: { ...approval, enforcedBy: 'Server' } }],
    ['policy.approval.onCrash', { approval: { ...approval, onCrash: 'again' } }],
    ['policy.approval.when', { approval: { ...approval, when: true } }],
  ])('%s', (option, rules) => {
    expect(() => policy(schema, rules as never)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })

  test('a rule that answers with a promise decides nothing, and its rejection ends nothing', async () => {
    const { guard, login, invocation } = await world()
    const call = invocation({ tool: 't', identity: await login() })
    const broken = () => Promise.reject(new Error('later'))
    for (const rules of [
      { permission: broken },
      { approval: { ...approval, when: () => Promise.resolve(false) } },
      { approval: { message: broken } },
      { approval: { ...approval, details: broken } },
      { approval: { ...approval, details: () => [{ type: 'order', quantity: broken() }] } },
      { approval: { ...approval, approver: broken } },
    ]) {
      const outcome = await guard().run(policy(schema, rules as never), call, () => 'ran')
      expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    }
  })
})

describe('an open approval stays open', () => {
  test('a long Retry-After postpones the next look, and ends nothing (A4, A7)', async () => {
    const { guard, login, invocation, authorizationServer, clock } = await world()
    const behalf = guard()
    const call = invocation({ tool: 'create_order', input: buy(50), identity: await login() })
    await behalf.run(policies.create_order, call, createOrder)
    clock.advance(10)
    await authorizationServer.controls.fault('token', { status: 503, headers: { 'retry-after': '7200' } })
    expect((await behalf.run(policies.create_order, call, createOrder)).status).toBe('interrupted')
    expect((await behalf.run(policies.create_order, call, createOrder)).status).toBe('interrupted')
  })

  test(verifies('A9', 'an answer without the token that was to carry it is no approval (A9)'), async () => {
    const { guard, login, invocation, clock } = await world()
    const channel: ApprovalChannel = {
      specificationVersion: 2,
      carriesCredential: () => true,
      ask: async () => ({ state: {}, interval: 1 }),
      poll: async () => ({ status: 'approved' }),
    }
    const behalf = guard({ approvals: channel })
    const call = invocation({ tool: 'create_order', input: buy(50), identity: await login() })
    await behalf.run(policies.create_order, call, createOrder)
    clock.advance(5)
    expect(await behalf.run(policies.create_order, call, createOrder)).toMatchObject({ code: 'approval_failed' })
  })
})

describe('the run itself', () => {
  test('an abort before the claim runs nothing', async () => {
    const { guard, login, invocation } = await world()
    const controller = new AbortController()
    const call = invocation({ tool: 't', identity: await login(), signal: controller.signal })
    const audit = { sink: { write: () => controller.abort(new Error('left')) }, required: true } as const
    let runs = 0
    const run = guard({ audit }).run(policy(schema, { effect: 'write' }), call, () => runs++)
    await expect(run).rejects.toThrow('left')
    expect(runs).toBe(0)
  })

  test('a slot that finds nothing again is refused', async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    for (const slot of [5, '', ['t'], ['t', 'c', 'x'], [undefined, 'c'], ['', 'c'], undefined]) {
      const call = invocation({ tool: 't', identity, slot: slot as Slot })
      const outcome = await guard().run(policy(schema, { effect: 'write' }), call, () => 'ran')
      expect(outcome, String(slot)).toMatchObject({ code: 'misconfigured' })
    }
  })

  test('a thenable is awaited within the call, redacted and stored', async () => {
    const { guard, login, invocation } = await world()
    const call = invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity: await login() })
    const outcome = await guard().run(policies.read_portfolio, call, (_, { access }) => ({
      // biome-ignore lint/suspicious/noThenProperty: that is what it is about.
      then: (resolve: (value: unknown) => void) => void access.trade.withToken((token) => resolve({ token })),
    }))
    expect(outcome).toMatchObject({ status: 'done', result: { token: '[token]' } })
  })

  test('a public tool does not get an unverified identity', async () => {
    const { guard, invocation, login } = await world()
    const fake = fieldsOf(await login())
    const call = invocation({ tool: 'get_stock_price', input: { symbol: 'AAPL' }, identity: fake })
    const outcome = await guard().run(policies.get_stock_price, call, (_, { identity }) => identity ?? 'no user')
    expect(outcome).toMatchObject({ status: 'done', result: 'no user' })
  })

  test(verifies('I3', 'no shape of error carries a token out (I3, E4)'), async () => {
    const { guard, login, invocation } = await world()
    const call = invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity: await login() })
    const behalf = guard()
    const shapes: ((token: string) => unknown)[] = [
      (token) => new AggregateError([new Error(token)], 'all failed'),
      (token) => new Error('x', { cause: `Bearer ${token}` }),
      (token) => new Error('x', { cause: { header: token } }),
      (token) => Object.assign(new Error('x'), { inner: new Error(token) }),
      (token) => Object.assign(new Error('x'), { [Symbol('s')]: token }),
      (token) => [new Error(token)],
      (token) => ({ error: new Error(token) }),
      (token) => Object.freeze(new Error(token)),
      (token) => token,
      (token) => Array.from({ length: 20 }).reduce<Error>((cause) => new Error('x', { cause }), new Error(token)),
    ]
    for (const shape of shapes) {
      const thrown = await behalf
        .run(policies.read_portfolio, call, (_, { access }) =>
          access.trade.withToken((token) => {
            throw shape(token)
          }),
        )
        .catch((error: unknown) => error)
      expect(inspect(thrown, { depth: 50, showHidden: true }), String(shape)).not.toContain('eyJ')
    }
  })
})
