import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import { ConfigurationError, InvalidObjectError, TransportError } from '../../../src/base/errors/index.ts'
import type { AccessChecker } from '../../../src/entrypoints/fga.ts'
import { roleMap } from '../../../src/entrypoints/roles.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { fieldsOf } from '../../../src/identity/verified.ts'
import { type GuardOptions, type Invocation, may, object, policy, publicTool, resource } from '../../../src/index.ts'
import { smallWorld, user } from './small-world.ts'

const Nothing = z.looseObject({})
const view = () => may('can_view', object('portfolio', 'p1'))
const permitted = policy(Nothing, { permission: view })

const says = (allowed: boolean, problem?: string): AccessChecker => ({
  check: async () => ({ allowed, checks: [{ question: 'q', allowed, ...(problem !== undefined && { problem }) }] }),
})
const fails = (error: Error): AccessChecker => ({ check: () => Promise.reject(error) })

function observing(permissions: AccessChecker | undefined, over: Partial<GuardOptions> = {}) {
  const { guard, call, events } = smallWorld()
  const behalf = guard({
    agent: { name: 'agent:payer' },
    ...(permissions !== undefined && { permissions }),
    mode: 'observe',
    ...over,
  })
  let ran = 0
  const run = (which: Parameters<typeof behalf.run>[0], more: Partial<Invocation> = {}) =>
    behalf.run(which as never, call({ input: {}, ...more }), () => ++ran)
  return { behalf, run, call, events, ran: () => ran }
}

describe('observe mode lets through a denial by permission', () => {
  test.each([
    ['a plain no', says(false)],
    ['an answer that says nothing', says(false, 'the answer was redirected')],
    ['an invalid yes', { check: async () => ({ allowed: 'true', checks: [{ allowed: true }] }) } as never],
  ])('%s, and says would_deny, in the trace and on record', async (_, permissions) => {
    const { run, events } = observing(permissions)
    const outcome = await run(permitted)
    expect(outcome).toMatchObject({ status: 'done', trace: { mode: 'observe' } })
    expect(outcome.trace.steps).toContainEqual(expect.objectContaining({ step: 'permission', verdict: 'would_deny' }))
    const call = events.find(({ type }) => type === 'call')
    expect(call).toMatchObject({ trace: { mode: 'observe' } })
    expect(JSON.stringify(call)).toContain('would_deny')
  })
})

describe('everything else is enforced in observe mode', () => {
  test.each([
    ['an outage of the permission system', fails(new TransportError('down')), { status: 'unavailable' }],
    ['a user who cannot be named there', fails(new InvalidObjectError('no name')), { status: 'denied' }],
    ['a question that does not fit', fails(new ConfigurationError('relations.agent', 'name it')), { status: 'denied' }],
    ['an unknown fault', fails(new Error('what?')), { status: 'unavailable', retryable: false }],
    ['no checker at all', undefined, { status: 'denied', code: 'misconfigured' }],
  ])('%s is no run', async (_, permissions, expected) => {
    const { run, ran } = observing(permissions)
    const outcome = await run(permitted)
    expect(outcome).toMatchObject({ ...expected, trace: { mode: 'observe' } })
    expect(JSON.stringify(outcome.trace)).not.toContain('would_deny')
    expect(ran()).toBe(0)
  })

  test('an id that is refused, and a rule that asks for nothing or fails', async () => {
    const { run, ran } = observing(says(true))
    for (const permission of [
      () => may('can_view', object('portfolio', '*')),
      () => [],
      () => {
        throw new Error('broken')
      },
      () => Promise.resolve(view()) as never,
    ]) {
      expect(await run(policy(Nothing, { permission }))).toMatchObject({ status: 'denied' })
    }
    expect(ran()).toBe(0)
  })

  test('roles, ceilings, logins, accounts, identities and inputs', async () => {
    const roles = roleMap({ claim: 'roles', scopes: { trader: ['trade:write'] } })
    const API = 'https://api.example/'
    const vault = { connections: ['c'], token: async () => ({ status: 'unavailable' }) } as unknown as Vault
    const { run, ran } = observing(says(false), {
      roles,
      vault,
      agent: { name: 'agent:payer', ceiling: ['trade:write'] },
    })
    const needs = { permission: view }
    const cases = [
      [policy(Nothing, { ...needs, roles: ['trader'] }), {}, 'denied'],
      [policy(Nothing, { ...needs, access: { a: resource(API, { scopes: ['trade:all'] }) } }), {}, 'denied'],
      [policy(Nothing, { ...needs, access: { a: resource(API, { scopes: ['trade:write'] }) } }), {}, 'denied'],
      [permitted, { identity: fieldsOf(user()) }, 'denied'],
      [permitted, { identity: undefined }, 'interrupted'],
      [policy(z.strictObject({ a: z.number() }), needs), {}, 'denied'],
      [undefined, {}, 'denied'],
    ] as const
    for (const [which, more, status] of cases) {
      const outcome = await run(which as never, more as never)
      expect(outcome).toMatchObject({ status, trace: { mode: 'observe' } })
    }
    expect(ran()).toBe(0)
  })

  test('a question to a person stays a question', async () => {
    const { run, ran } = observing(says(false))
    const asks = policy(Nothing, { version: '1', permission: view, approval: { message: () => 'Pay?' } })
    const outcome = await run(asks)
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'approval_pending' } })
    expect(outcome.trace.steps).toContainEqual(expect.objectContaining({ step: 'permission', verdict: 'would_deny' }))
    expect(ran()).toBe(0)
  })
})

describe('only the app sets observe mode', () => {
  test('no input, invocation, policy or identity turns it on', async () => {
    const { run, ran } = observing(says(false), { mode: 'enforce' })
    const claims = { mode: 'observe', observe: true }
    for (const more of [
      { input: { mode: 'observe', observe: true } },
      { mode: 'observe', observe: true },
      { identity: user({ claims }) },
      { tool: 'observe' },
    ]) {
      const outcome = await run(permitted, more as never)
      expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
      expect(outcome.trace).not.toHaveProperty('mode')
    }
    expect(() => policy(Nothing, { permission: view, mode: 'observe' } as never)).toThrow(/mode/)
    expect(ran()).toBe(0)
  })

  test.each([true, 'Observe', 'off', null])('%s is no mode', (mode) => {
    expect(() => observing(says(true), { mode: mode as never })).toThrow(/mode/)
  })

  test('it is said of public tools too, and of every look before a call', async () => {
    const { behalf, run, call } = observing(says(false))
    expect((await run(publicTool(Nothing))).trace.mode).toBe('observe')
    expect((await behalf.preflight(permitted, call({ input: {} }))).trace.mode).toBe('observe')
    const none = policy(Nothing, { access: { c: connection('c', { scopes: ['s'], origins: ['https://c.example'] }) } })
    expect((await behalf.preflight(none, call({ input: {} }))).trace.mode).toBe('observe')
  })
})
