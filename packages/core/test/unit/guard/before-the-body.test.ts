import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import type { AccessChecker } from '../../../src/entrypoints/fga.ts'
import { connection, type Vault } from '../../../src/entrypoints/vault.ts'
import { currentCall, may, object, policy, publicTool, resource, type UserIdentity } from '../../../src/index.ts'
import { tapped } from '../runs/harness.ts'
import { asks, ISSUER, reads, schema, smallWorld, user, writes } from './small-world.ts'

const mail = connection('mail', { scopes: ['send'], origins: ['https://mail.example'] })
const permission = () => may('can_view', object('portfolio', 'p'))
const linked = policy(schema, { version: '1', access: { mail } })
const permitted = policy(schema, { version: '1', permission })
const both = policy(schema, { version: '1', permission, access: { mail } })

/** A vault that takes its time, and a checker, each of which counts how often it was asked. */
function outside() {
  const world = smallWorld()
  const asked = { vault: 0, checker: 0 }
  const state = { seconds: 0, isLinked: true }
  const vault: Vault = {
    specificationVersion: 1,
    token: async ({ scopes }) => {
      asked.vault++
      world.clock.advance(state.seconds)
      if (!state.isLinked) return { status: 'not_connected', detail: 'nothing is linked' }
      return { status: 'token', token: new Token('a-token'), scopes, expiresAt: world.clock.now() / 1000 + 3600 }
    },
  }
  const permissions: AccessChecker = {
    check: async () => {
      asked.checker++
      return { allowed: true, checks: [{ question: 'q', allowed: true }] }
    },
  }
  const operations: string[] = []
  const store = tapped(world.store, (operation, key, next) => {
    operations.push(`${operation} ${key}`)
    return next()
  })
  const behalf = world.guard({ vault, permissions, store, revocationSeconds: 3600 })
  return { ...world, asked, state, operations, behalf }
}

const stepsOf = ({ trace }: { readonly trace: { readonly steps: readonly { readonly step: string }[] } }) =>
  trace.steps.map(({ step }) => step)

describe('the trace names the steps that a call took, and no others', () => {
  test.each<readonly [string, typeof reads, readonly string[]]>([
    ['a public tool', publicTool(schema) as never, ['input']],
    ['a policy that needs a user', reads, ['input', 'identity']],
    ['a permission', permitted, ['input', 'identity', 'permission']],
    ['an account', linked as never, ['input', 'identity', 'roles', 'connection', 'access']],
    ['both', both as never, ['input', 'identity', 'roles', 'permission', 'connection', 'access']],
  ])('%s, the first time and the second', async (_, rules, steps) => {
    const { behalf, call } = outside()
    expect(stepsOf(await behalf.run(rules, call(), () => 'ran'))).toEqual(steps)
    expect(stepsOf(await behalf.run(rules, call(), () => 'ran'))).toEqual(steps)
  })

  test('an account that is not linked is told at its step, before anything runs', async () => {
    const { behalf, call, state } = outside()
    state.isLinked = false
    for (const outcome of [
      await behalf.preflight(linked, call()),
      await behalf.run(linked, call(), () => 'ran'),
      await behalf.run(both, call(), () => 'ran'),
    ]) {
      expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'connection_required' } })
      expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'connection', verdict: 'interrupted' })
    }
  })

  test('a user whose policy asks for roles is held to them, also where nothing else is needed', async () => {
    const { guard, call } = smallWorld()
    const roles = { rolesOf: () => [], scopesOf: () => new Set<string>() }
    const outcome = await guard({ roles }).run(policy(schema, { roles: ['trader'] }), call(), () => 'ran')
    expect(outcome).toMatchObject({ code: 'role_missing' })
  })
})

describe('what took a second or more is looked at again before the body (step 8)', () => {
  test.each<readonly [string, number, object, number]>([
    ['a second', 1, { status: 'interrupted', interrupt: { kind: 'login_required' } }, 1],
    ['less than a second', 0.9, { status: 'done' }, 1],
  ])('%s', async (_, seconds, expected, checks) => {
    const { behalf, call, clock, state, asked } = outside()
    state.seconds = seconds
    // Past its time, and for half a second more within what clocks may differ by.
    const identity = user({ expiresAt: clock.now() / 1000 - 29.5 })
    const outcome = await behalf.run(both, call({ identity }), () => 'ran')
    expect(outcome).toMatchObject(expected)
    expect(asked.checker).toBe(checks)
    if (outcome.status !== 'done') expect(stepsOf(outcome).at(-1)).toBe('again')
  })

  test('a caller who is still permitted passes after a second check', async () => {
    const { behalf, call, state, asked } = outside()
    state.seconds = 1
    const outcome = await behalf.run(both, call(), () => 'ran')
    expect(outcome).toMatchObject({ status: 'done' })
    expect(stepsOf(outcome)).toContain('again')
    expect(asked.checker).toBe(2)
  })
})

test('the body of a public tool gets no identity, whether it is verified, revoked, expired or made up', async () => {
  const { guard, call, clock } = smallWorld()
  const behalf = guard()
  const open = publicTool(schema)
  const seen = (identity: UserIdentity) =>
    behalf.run(open, call({ identity }), (_input, { identity: given }) => ({
      given,
      current: currentCall(open).identity,
    }))
  await behalf.revoke({ issuer: ISSUER, subject: 'bob' })
  const expiresAt = clock.now() / 1000 - 3600
  const madeUp = { kind: 'user', issuer: ISSUER, subject: 'ann', claims: {} } as const
  for (const identity of [user(), user({ subject: 'bob' }), user({ expiresAt }), madeUp]) {
    const { status, result } = (await seen(identity)) as { status: string; result: object }
    expect({ status, result }).toEqual({ status: 'done', result: {} })
  }
})

describe('a read waits for no store', () => {
  test('which reads revocations at most every revocationSeconds, also for calls that were checked outside', async () => {
    const { behalf, call, operations } = outside()
    for (let times = 0; times < 3; times++)
      expect(await behalf.run(permitted, call(), () => 'ran')).toMatchObject({ status: 'done' })
    // The generation and the name of the subject.
    expect(operations.filter((operation) => operation.startsWith('get revoked'))).toHaveLength(2)
  })

  test('nor has it a place there: its preflight looks for no run, whatever its slot', async () => {
    const { behalf, call, operations } = outside()
    expect(await behalf.preflight(reads, call({ slot: '' }))).toMatchObject({ status: 'ready' })
    expect(operations.filter((operation) => !/^get revoked(-generation)?:/.test(operation))).toEqual([])
  })
})

describe('a preflight makes nothing', () => {
  test('of a write without an approval: it could run, and nothing was written', async () => {
    const { behalf, call, operations } = outside()
    expect(await behalf.preflight(writes, call())).toMatchObject({ status: 'ready' })
    expect(operations.filter((operation) => /^(put|increment|delete)/.test(operation))).toEqual([])
  })
})

test('an identity of an issuer that the guard does not know has to sign in, before it is asked anything', async () => {
  const { guard, call, questions } = smallWorld()
  const identity = user({ issuer: `${ISSUER}/other` })
  for (const rules of [
    reads,
    asks,
    policy(schema, { access: { api: resource('https://api.example/', { scopes: ['s'] }) } }),
  ]) {
    expect(await guard().run(rules as typeof reads, call({ identity }), () => 'ran')).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'login_required' },
    })
  }
  expect(questions).toEqual([])
})
