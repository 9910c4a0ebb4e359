import type { MockAuthorizationServer } from '@behalf/testing'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { AccessChecker } from '../../../src/entrypoints/fga.ts'
import { roleMap } from '../../../src/entrypoints/roles.ts'
import { StoreError } from '../../../src/entrypoints/spi.ts'
import { memoryStore, policy } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'
import { buy, createOrder, policies, world } from './world.ts'

describe('fail closed', () => {
  test(verifies('A6', 'a person who says no, and a question that runs out'), async () => {
    const { guard, login, invocation, authorizationServer, clock, stockTrade } = await world()
    const behalf = guard()
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(50), identity })
    await behalf.run(policies.create_order, call, createOrder)
    await authorizationServer.controls.deny()
    clock.advance(10)
    expect(await behalf.run(policies.create_order, call, createOrder)).toMatchObject({
      status: 'denied',
      code: 'approval_denied',
      message: 'The request for approval was denied. Do not try this action again unless the user asks for it.',
    })
    clock.advance(61)
    const other = { ...call, slot: 'other' }
    await behalf.run(policies.create_order, other, createOrder)
    clock.advance(3700)
    const late = { ...other, identity: await login() }
    expect(await behalf.run(policies.create_order, late, createOrder)).toMatchObject({ code: 'approval_expired' })
    expect(await stockTrade.controls.orders('p-ann')).toHaveLength(0)
  })

  test(verifies('E1', 'an outage is told apart from a denial, and runs nothing'), async () => {
    const { guard, login, invocation, openFga, authorizationServer } = await world()
    const identity = await login()
    const behalf = guard({ timeoutMs: 1500 })
    const call = invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity })
    let runs = 0
    await openFga.controls.fault('batch-check', { status: 503, times: 10 })
    expect(await behalf.run(policies.get_portfolio, call, () => runs++)).toMatchObject({ status: 'unavailable' })
    await openFga.controls.reset()
    await authorizationServer.controls.fault('token', { status: 503, times: 10 })
    expect(await behalf.run(policies.get_portfolio, call, () => runs++)).toMatchObject({ status: 'unavailable' })
    expect(runs).toBe(0)
  })

  test(verifies('F1', 'only a literal true of the checker allows (F1)'), async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    const call = invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity })
    for (const answer of [
      { allowed: 'false', checks: [{ question: 'q', allowed: true }] },
      { allowed: true, checks: [{ question: 'q', allowed: 'true' }] },
      { allowed: true, checks: [] },
      { allowed: false, checks: [{ question: 'q', allowed: true }] },
    ]) {
      const permissions: AccessChecker = { check: async () => answer as never }
      const outcome = await guard({ permissions }).run(policies.get_portfolio, call, () => 'ran')
      expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
    }
  })

  test(verifies('F1', 'the server says "false" as a string: denied'), async () => {
    const { guard, login, invocation, openFga } = await world()
    const identity = await login()
    await openFga.controls.fault('batch-check', {
      status: 200,
      body: { result: { '0': { allowed: 'true' } } },
      times: 5,
    })
    await openFga.controls.fault('check', { status: 200, body: { allowed: 'false' }, times: 5 })
    const outcome = await guard().run(
      policies.get_portfolio,
      invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity }),
      () => 'ran',
    )
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
  })

  test('a rule that throws, and what a policy needs and the guard lacks, is a misconfiguration', async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    const input = { a: 1 }
    const schema = z.object({ a: z.number() })
    const throwing = policy(schema, {
      permission: () => {
        throw new Error('a bug')
      },
    })
    expect(await guard().run(throwing, invocation({ tool: 't', input, identity }), () => 'ran')).toMatchObject({
      status: 'denied',
      code: 'misconfigured',
    })
    const needsRoles = policy(schema, { roles: ['trader'] })
    expect(await guard().run(needsRoles, invocation({ tool: 't', input, identity }), () => 'ran')).toMatchObject({
      code: 'misconfigured',
    })
    const portfolio = invocation({ tool: 'get_portfolio', input: { portfolio: 'p-ann' }, identity })
    // `undefined` on purpose: the option is absent.
    for (const missing of ['permissions', 'vault']) {
      const options = { [missing]: undefined } as never
      expect(await guard(options).run(policies.get_portfolio, portfolio, () => 'ran')).toMatchObject({
        code: 'misconfigured',
      })
    }
  })

  test(verifies('I5', 'a scope beyond the agent’s ceiling, or the user’s roles, is never asked for (I5)'), async () => {
    const { guard, login, invocation, authorizationServer } = await world()
    const identity = await login()
    const call = invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity })
    const low = guard({ agent: { name: 'agent:trader', ceiling: ['trade:small'] } })
    expect(await low.run(policies.read_portfolio, call, () => 'ran')).toMatchObject({ code: 'misconfigured' })
    const roles = roleMap({
      extract: () => ['intern'],
      scopes: { intern: ['trade:small'], trader: ['portfolio:read'] },
    })
    expect(await guard({ roles }).run(policies.read_portfolio, call, () => 'ran')).toMatchObject({
      code: 'role_missing',
    })
    const exchanges = await exchangesAt(authorizationServer)
    expect(exchanges).toHaveLength(0)
  })

  test('a store that is down, and one that was tampered with, run nothing', async () => {
    const { guard, login, invocation, clock } = await world()
    const identity = await login()
    const call = invocation({ tool: 'create_order', input: buy(5), identity })
    const inner = memoryStore({ clock })
    const down = overStore(inner, { get: () => Promise.reject(new StoreError('unavailable', 'down')) })
    expect(await guard({ store: down }).run(policies.create_order, call, createOrder)).toMatchObject({
      status: 'unavailable',
    })
    const keys = { seal: [new Uint8Array(32)] as const, index: new Uint8Array(32) }
    const behalf = guard({ store: inner, keys })
    expect(await behalf.run(policies.create_order, call, createOrder)).toMatchObject({ status: 'done' })
    const tampered = overStore(inner, {
      get: async (key) => {
        const found = await inner.get(key)
        return found && key.startsWith('run:') ? { ...found, value: new Uint8Array([1, 2, 3]) } : found
      },
    })
    expect(await guard({ store: tampered, keys }).run(policies.create_order, call, createOrder)).toMatchObject({
      code: 'misconfigured',
    })
  })

  test('required audit: a call whose event was not taken does not run', async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    const call = invocation({ tool: 'whoami', identity })
    const sink = { write: () => Promise.reject(new Error('disk full')) }
    expect(await guard({ audit: { sink, required: true } }).run(policies.whoami, call, () => 'ran')).toMatchObject({
      status: 'unavailable',
    })
    expect(await guard({ audit: sink }).run(policies.whoami, call, () => 'ran')).toMatchObject({ status: 'done' })
    const throwing = {
      write: () => {
        throw new Error('broken')
      },
    }
    expect(await guard({ audit: throwing }).run(policies.whoami, call, () => 'ran')).toMatchObject({ status: 'done' })
  })

  test(verifies('F5', 'observe: only a permission denial becomes a run, and says so (F5)'), async () => {
    const { guard, login, invocation, events } = await world()
    const identity = await login()
    const behalf = guard({ mode: 'observe' })
    const call = invocation({ tool: 'get_portfolio', input: { portfolio: 'p-bob' }, identity })
    const outcome = await behalf.run(policies.get_portfolio, call, () => 'ran')
    expect(outcome).toMatchObject({ status: 'done', result: 'ran' })
    expect(outcome.trace.steps).toContainEqual(expect.objectContaining({ step: 'permission', verdict: 'would_deny' }))
    expect(JSON.stringify(events)).toContain('would_deny')
    expect(await behalf.run(policies.get_portfolio, { ...call, input: {} }, () => 'ran')).toMatchObject({
      code: 'invalid_input',
    })
  })
})

describe('aborts and the body’s own error', () => {
  test('an abort rejects with its own reason; nothing is decided', async () => {
    const { guard, login, invocation, openFga } = await world()
    const identity = await login()
    await openFga.controls.fault('batch-check', { delayMs: 5_000 })
    const controller = new AbortController()
    const call = invocation({
      tool: 'get_portfolio',
      input: { portfolio: 'p-ann' },
      identity,
      signal: controller.signal,
    })
    const running = guard().run(policies.get_portfolio, call, () => 'ran')
    const reason = new Error('the user left')
    setTimeout(() => controller.abort(reason), 50)
    await expect(running).rejects.toBe(reason)
    await expect(guard().preflight(policies.whoami, call)).rejects.toBe(reason)
  })

  test('a body that throws rejects with that very error, and a write is not run again', async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    const behalf = guard()
    const own = new RangeError('mine')
    const write = policy(z.strictObject({}), { effect: 'write' })
    const call = invocation({ tool: 't', identity })
    let runs = 0
    const body = () => {
      runs++
      throw own
    }
    await expect(behalf.run(write, call, body)).rejects.toBe(own)
    const again = await behalf.run(write, call, body)
    expect(again).toMatchObject({
      status: 'denied',
      code: 'unknown_outcome',
      idempotencyKey: expect.stringMatching(/^[\w-]{43}$/),
    })
    expect(runs).toBe(1)
  })

  test('a hundred parallel calls of one write run its body once; the others are told to come back or the result', async () => {
    const { guard, login, invocation } = await world()
    const identity = await login()
    const behalf = guard()
    const write = policy(z.strictObject({}), { effect: 'write' })
    let runs = 0
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () =>
        behalf.run(write, invocation({ tool: 't', identity }), async () => {
          runs++
          await new Promise((resolve) => setTimeout(resolve, 20))
          return 'ran'
        }),
      ),
    )
    expect(runs).toBe(1)
    expect(outcomes.every(({ status }) => status === 'done' || status === 'unavailable')).toBe(true)
  })
})

const exchangesAt = async ({ controls }: MockAuthorizationServer) =>
  (await controls.requests()).filter(({ parameters }) => String(parameters.grant_type).includes('token-exchange'))
