import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { StoreError, TransportError } from '../../../src/base/errors/index.ts'
import type { AccessChecker, AccessQuestion } from '../../../src/entrypoints/fga.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { admit } from '../../../src/identity/verified.ts'
import {
  createGuard,
  type GuardOptions,
  may,
  object,
  policy,
  publicTool,
  resource,
  type Store,
} from '../../../src/index.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'

const ISSUER = 'https://login.example.com'
const API = 'https://api.example.com/'
const NOW = Date.parse('2026-11-25T10:00:00Z')
const nothing = z.strictObject({})
const anybody = { kind: 'user', issuer: ISSUER, subject: 'ann', claims: {} } as const
const ann = admit<UserIdentity>({ ...anybody })
const tool = (name: string) => may('can_call', object('tool', name))

/** A permission system that knows which objects are allowed, and keeps what it was asked. */
function system(allowed: readonly string[]) {
  const asked: AccessQuestion[] = []
  const permissions: AccessChecker = {
    check: async (question) => {
      asked.push(question)
      const checks = question.permissions.map((one) => ({
        question: `user:ann ${one.relation} ${one.object}`,
        allowed: allowed.includes(one.object),
        explanation: { step: 'relation', subject: one.object, verdict: 'denied', children: [] } as const,
      }))
      return { allowed: checks.every((check) => check.allowed), checks }
    },
  }
  return { asked, permissions }
}
const permitting = (allowed: readonly string[]) => ({ permissions: system(allowed).permissions })
const guardWith = (over: Partial<GuardOptions> = {}) =>
  createGuard({
    authorizationServer: oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 'a-client-secret' }),
    agent: { name: 'agent:trader' },
    clock: { now: () => NOW },
    ...over,
  })

const policies = {
  get_price: publicTool(nothing),
  whoami: policy(nothing, {}),
  by_input: policy(z.strictObject({ id: z.string() }), {
    permission: ({ input }) => may('can_view', object('portfolio', input.id)),
  }),
  trade: policy(nothing, { visibleWhen: () => tool('trade'), effect: 'write' }),
  admin: policy(nothing, { visibleWhen: () => [tool('trade'), tool('admin')] }),
}

describe('guard.visible', () => {
  test('shows public tools, those that need no more than the user, and those that visibleWhen allows', async () => {
    const { asked, permissions } = system(['tool:trade'])
    const shown = await guardWith({ permissions }).visible(policies, ann)
    expect(shown.names).toEqual(['get_price', 'whoami', 'by_input', 'trade'])
    expect(shown.hidden).toEqual([
      { tool: 'admin', reason: 'not_permitted', detail: 'user:ann can_call tool:admin: no' },
    ])
    // What needs an input is not asked about.
    expect(asked.flatMap((question) => question.permissions.map((one) => one.object))).not.toContain('portfolio:p1')
    expect(asked.every(({ effect, agent }) => effect === 'read' && agent === 'agent:trader')).toBe(true)
  })

  test('asks for all tools at once', async () => {
    const asked: AccessQuestion[] = []
    const yes = { allowed: true, checks: [{ question: 'q', allowed: true }] }
    let underWay = 0
    let most = 0
    const permissions: AccessChecker = {
      check: async () => yes,
      checkEach: async (question) => {
        asked.push(question)
        most = Math.max(most, ++underWay)
        await Promise.resolve()
        underWay--
        return question.permissions.map(() => yes)
      },
    }
    await guardWith({ permissions }).visible(policies, ann)
    expect([asked.length, most]).toEqual([2, 2])
  })

  test('without a verified identity shows public tools alone', async () => {
    const guard = guardWith(permitting(['tool:trade', 'tool:admin']))
    expect((await guard.visible(policies)).names).toEqual(['get_price'])
    const forged = await guard.visible(policies, { ...anybody })
    expect(forged.names).toEqual(['get_price'])
    expect(forged.hidden[0]).toMatchObject({ tool: 'whoami', reason: 'identity_not_verified' })
    const ended = admit<UserIdentity>({ ...anybody, expiresAt: NOW / 1000 - 60 })
    expect((await guard.visible(policies, ended)).hidden[0]).toMatchObject({ reason: 'login_required' })
    const stranger = admit<UserIdentity>({ ...anybody, issuer: 'https://evil.example.com' })
    expect((await guard.visible(policies, stranger)).names).toEqual(['get_price'])
  })

  test('a hidden tool is refused at the call as well, and a visible one is checked again', async () => {
    const allowed = ['tool:trade']
    const guard = guardWith(permitting(allowed))
    const call = (name: 'trade' | 'admin', slot: string) =>
      guard.run(policies[name], { tool: name, slot, input: {}, identity: ann }, () => 'ran')
    expect(await call('admin', '1')).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect(await call('trade', '2')).toMatchObject({ status: 'done' })
    allowed.length = 0
    expect(await call('trade', '3')).toMatchObject({ status: 'denied', code: 'not_permitted' })
  })

  test('visibleWhen and permission are both required at a call', async () => {
    const both = policy(nothing, { visibleWhen: () => tool('trade'), permission: () => tool('admin') })
    const none = policy(nothing, { visibleWhen: () => tool('trade'), permission: () => [] })
    const empty = policy(nothing, { visibleWhen: () => [], permission: () => tool('trade') })
    const late = policy(nothing, { visibleWhen: (async () => tool('trade')) as never })
    const status = async (rules: typeof both, allowed: readonly string[]) => {
      const invocation = { tool: 't', slot: 's', input: {}, identity: ann }
      return (await guardWith(permitting(allowed)).run(rules, invocation, () => 1)).status
    }
    expect(await status(both, ['tool:trade', 'tool:admin'])).toBe('done')
    expect(await status(both, ['tool:trade'])).toBe('denied')
    expect(await status(both, ['tool:admin'])).toBe('denied')
    expect(await status(none, ['tool:trade'])).toBe('denied')
    expect(await status(empty, ['tool:trade'])).toBe('denied')
    expect(await status(late, ['tool:trade'])).toBe('denied')
  })

  test('roles and ceiling hide; what an exempted call may have keeps a tool in sight', async () => {
    const access = { trade: resource(API, { scopes: ['trade:write'], withoutApproval: ['trade:small'] }) }
    const message = () => 'Trade'
    const scoped = {
      big: policy(nothing, { access: { trade: resource(API, { scopes: ['trade:write'] }) } }),
      small: policy(nothing, { access, approval: { message, when: () => true } }),
      always: policy(nothing, { access: { trade: resource(API, { scopes: ['trade:write'] }) }, approval: { message } }),
    }
    const guard = guardWith({ agent: { name: 'agent:trader', ceiling: ['trade:small'] } })
    const shown = await guard.visible(scoped, ann)
    expect(shown.names).toEqual(['small'])
    expect(shown.hidden.map(({ reason }) => reason)).toEqual(['misconfigured', 'misconfigured'])
    const roles = policy(nothing, { roles: ['trader'] })
    expect((await guard.visible({ roles }, ann)).hidden).toMatchObject([{ reason: 'misconfigured' }])
  })

  test('an outage hides what it cannot answer for, and nothing else', async () => {
    const permissions: AccessChecker = { check: () => Promise.reject(new TransportError('down')) }
    const shown = await guardWith({ permissions }).visible(policies, ann)
    expect(shown.names).toEqual(['get_price', 'whoami', 'by_input'])
    expect(shown.hidden).toMatchObject([{ reason: 'unavailable' }, { reason: 'unavailable' }])
    const hidden = (await guardWith().visible(policies, ann)).hidden
    expect(hidden).toMatchObject([{ reason: 'misconfigured' }, { reason: 'misconfigured' }])
    const empty = policy(nothing, { visibleWhen: () => [] })
    const askedNothing = await guardWith(permitting([])).visible({ empty }, ann)
    expect(askedNothing.hidden).toMatchObject([{ reason: 'not_permitted' }])
    expect((await guardWith().visible({ fake: {} as never }, ann)).hidden).toMatchObject([{ reason: 'no_policy' }])
  })
})

describe('a user whose access was revoked', () => {
  const store = () => memoryStore({ clock: { now: () => NOW } })

  test('is shown what a stranger is, by every guard over the same store', async () => {
    const shared = store()
    // Read at each look: only so does a process learn of another's revocation.
    const [here, there] = [0, 0].map(() => guardWith({ store: shared, revocationSeconds: 0 }))
    expect((await there?.visible(policies, ann))?.names).toContain('whoami')
    await here?.revoke({ issuer: ISSUER, subject: 'ann' })
    for (const guard of [here, there]) {
      const shown = await guard?.visible(policies, ann)
      expect(shown?.names).toEqual(['get_price'])
      expect(shown?.hidden[0]).toMatchObject({ tool: 'whoami', reason: 'revoked' })
    }
  })

  test('may be any user while the store does not answer', async () => {
    const down: Store = { ...store(), list: () => Promise.reject(new StoreError('unavailable', 'down')) }
    const shown = await guardWith({ store: down }).visible(policies, ann)
    expect(shown.names).toEqual(['get_price'])
    expect(shown.hidden[0]).toMatchObject({ reason: 'unavailable' })
  })
})

describe('observe mode (F5)', () => {
  const observing = (allowed: readonly string[]) => guardWith({ ...permitting(allowed), mode: 'observe' })

  test('hides nothing by permission, since the call would run', async () => {
    expect((await observing([]).visible(policies, ann)).names).toEqual(Object.keys(policies))
  })

  test(verifies('F5', 'is said in every trace, whatever became of the call'), async () => {
    const invocation = (over: object) => ({ tool: 't', slot: 's', input: {}, identity: ann, ...over })
    const guard = observing([])
    const run = await guard.run(policies.trade, invocation({}), () => 1)
    expect(run).toMatchObject({ status: 'done', trace: { mode: 'observe' } })
    expect(run.trace.steps).toContainEqual(expect.objectContaining({ step: 'permission', verdict: 'would_deny' }))
    for (const [which, over] of [
      [policies.get_price, {}],
      [policies.whoami, { input: { a: 1 } }],
      [policies.whoami, { identity: undefined }],
      [undefined, {}],
    ] as const) {
      expect((await guard.run(which, invocation(over), () => 1)).trace.mode).toBe('observe')
    }
    expect((await guardWith().run(policies.whoami, invocation({}), () => 1)).trace).not.toHaveProperty('mode')
  })
})

test(
  verifies('F2', 'the trace says that only the user was asked about, and the question how fresh it must be'),
  async () => {
    const { asked, permissions } = system(['tool:trade'])
    const guard = guardWith({ permissions })
    const userOnly = policy(nothing, { permission: () => tool('trade'), subjects: 'user' })
    const invocation = { tool: 't', slot: 's', input: {}, identity: ann }
    const detail = async (rules: typeof userOnly) =>
      (await guard.run(rules, invocation, () => 1)).trace.steps.find(({ step }) => step === 'permission')?.detail
    expect(await detail(userOnly)).toContain('user only: the model has no agents')
    expect(await detail(policies.trade)).not.toContain('user only')
    expect(asked.map(({ subjects, effect }) => [subjects, effect])).toEqual([
      ['user', 'read'],
      [undefined, 'write'],
    ])
  },
)

test('the trace carries the reasons, of a refusal as of an allow', async () => {
  const invocation = { tool: 'trade', slot: 's', input: {}, identity: ann }
  for (const allowed of [[], ['tool:trade']]) {
    const { trace } = await guardWith(permitting(allowed)).run(policies.trade, invocation, () => 1)
    const step = trace.steps.find(({ step: name }) => name === 'permission')
    expect(step?.explanations).toMatchObject([{ subject: 'tool:trade' }])
  }
})
