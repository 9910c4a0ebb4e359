import { describe, expect, test } from 'vitest'
import type { ApprovalEvent, TokenEvent } from '../../../src/entrypoints/audit.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import { policy } from '../../../src/index.ts'
import { asks, schema, smallWorld, user } from './small-world.ts'
import { buy, createOrder, policies, world } from './world.ts'

describe('audit events', () => {
  test('every state of a question is on record, whichever process saw it first', async () => {
    const { guard, login, invocation, authorizationServer, clock, events } = await world()
    const behalf = guard()
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    const first = await behalf.run(policies.create_order, call, createOrder)
    if (first.status !== 'interrupted') throw new Error(first.status)
    await authorizationServer.controls.approve()
    clock.advance(10)
    await behalf.approvals.get(first.interrupt.id, { identity })
    await behalf.run(policies.create_order, call, createOrder)
    const states = events.filter((event): event is ApprovalEvent => event.type === 'approval')
    expect(states.map(({ state }) => state)).toEqual(['pending', 'approved', 'running', 'completed'])
    expect(states[1]).toMatchObject({
      approvalId: first.interrupt.id,
      tool: 'create_order',
      agent: 'agent:trader',
      principal: { issuer: identity.issuer, subject: 'ann' },
      approver: { subject: 'ann' },
      message: 'Buy 50 shares of AAPL',
      enforcedBy: 'server',
    })
    const tokens = events.filter((event): event is TokenEvent => event.type === 'token')
    expect(tokens).toMatchObject([{ source: 'approval', scopes: ['trade:write'], actor: { subject: 'agent:trader' } }])
  })

  test('the question of a job names its delegation', async () => {
    const { guard, call, clock, events } = smallWorld()
    const behalf = guard()
    const options = { identity: user(), tools: ['pay'], expiresAt: clock.now() / 1000 + 600 }
    const { id } = await behalf.delegations.create(options)
    await behalf.run(asks, call({ identity: await behalf.delegations.identity(id) }), () => 'ran')
    expect(events.find(({ type }) => type === 'approval')).toMatchObject({ principal: { delegationId: id } })
  })

  test('a question that is sent again is on record again', async () => {
    const { guard, login, invocation, clock, events } = await world()
    const behalf = guard()
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    await behalf.run(policies.create_order, call, createOrder)
    clock.advance(301)
    await behalf.run(policies.create_order, call, createOrder)
    const states = events.flatMap((event) => (event.type === 'approval' ? [event.state] : []))
    expect(states).toEqual(['pending', 'requested', 'pending'])
  })

  test('a token of the vault is on record with the time at which it was asked for', async () => {
    const { guard, login, invocation, events } = await world()
    const call = invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity: await login() })
    expect(await guard().run(policies.get_portfolio, call, () => 'ran')).toMatchObject({ status: 'done' })
    const [token] = events.filter((event): event is TokenEvent => event.type === 'token')
    expect(token).toMatchObject({ source: 'vault', audience: 'stocktrade', startedAt: expect.any(Number) })
    expect(token?.startedAt).toBeLessThanOrEqual(token?.at ?? 0)
  })

  test('a sink that writes other names into its events, such as pseudonyms, changes no question', async () => {
    const { guard, call, answers, clock, questions } = smallWorld()
    const pseudonymize = (value: unknown): void => {
      for (const key of Reflect.ownKeys(Object(value))) {
        const held: unknown = Reflect.get(Object(value), key)
        if (typeof held === 'string') Reflect.set(Object(value), key, 'a pseudonym')
        if (typeof held === 'object') pseudonymize(held)
      }
    }
    const behalf = guard({ audit: { write: pseudonymize } })
    const identity = user({ actor: { subject: 'an-agent' } })
    await behalf.run(asks, call({ identity }), () => 'ran')
    answers({ status: 'approved' })
    clock.advance(8)
    const ran = await behalf.run(asks, call({ identity }), () => 'ran')
    expect(ran).toMatchObject({ status: 'done', result: 'ran' })
    expect(questions).toMatchObject([{ approver: { subject: 'ann' } }])
  })

  test('an unverified identity is not named in the audit', async () => {
    const { guard, login, invocation, events } = await world()
    const fake = fieldsOf(await login())
    await guard().run(policies.whoami, invocation({ tool: 'whoami', identity: fake }), () => 'ran')
    expect(events.at(-1)).toMatchObject({ type: 'call', status: 'denied', code: 'identity_not_verified' })
    expect(events.at(-1)).not.toHaveProperty('principal')
  })

  test.each(['run', 'preflight'] as const)(
    '%s: the very first event names the version of its policy',
    async (phase) => {
      const { guard, call, events } = smallWorld()
      // Without a version of its own: its digest has not been computed before.
      const unversioned = policy(schema, {})
      const behalf = guard()
      for (const input of [{ amount: 1 }, { amount: 'none' }]) {
        if (phase === 'run') await behalf.run(unversioned, call({ input }), () => 'ran')
        else await behalf.preflight(unversioned, call({ input }))
      }
      expect(events).toHaveLength(2)
      const [first, second] = events
      expect(first).toMatchObject({ policyVersion: expect.stringMatching(/^[\w-]{16}$/) })
      expect(second?.policyVersion).toBe(first?.policyVersion)
    },
  )

  test('a body does not wait for a required sink without end, and gets no raw token without a record', async () => {
    const { guard, login, invocation } = await world()
    const sink = {
      write: (event: { readonly type: string }) =>
        event.type === 'raw_token' ? new Promise<void>(() => {}) : Promise.resolve(),
    }
    const behalf = guard({ audit: { sink, required: true }, timeoutMs: 3_000 })
    const identity = await login()
    const call = invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity })
    let revealed = false
    const started = performance.now()
    const running = behalf.run(policies.read_portfolio, call, (_, { access }) =>
      access.trade.withToken(() => {
        revealed = true
      }),
    )
    await expect(running).rejects.toMatchObject({ code: 'ERR_TRANSPORT', message: expect.stringContaining('audit') })
    expect(revealed).toBe(false)
    expect(performance.now() - started).toBeLessThan(20_000)
  })
})
