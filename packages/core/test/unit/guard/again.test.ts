import { describe, expect, test } from 'vitest'
import * as z from 'zod'
import type { ApprovalChannel } from '../../../src/entrypoints/channels.ts'
import type { AccessChecker } from '../../../src/entrypoints/fga.ts'
import { may, object, policy } from '../../../src/index.ts'
import { world } from './world.ts'

/** A person who takes their time: `meanwhile` happens between the question and the answer. */
const slowly = (meanwhile: () => void): ApprovalChannel => ({
  specificationVersion: 2,
  ask: async () => ({ state: {}, interval: 0.25 }),
  poll: async () => {
    meanwhile()
    return { status: 'approved' }
  },
})

const approval = { message: () => 'Do it' }
const waiting = { approval, wait: { maxSeconds: 5 } }
const schema = z.strictObject({})

describe('what was right before a wait is looked at again after it (step 8)', () => {
  test('the identity', async () => {
    const { guard, login, invocation, clock } = await world()
    const behalf = guard({ approvals: slowly(() => clock.advance(600)) })
    const identity = await login()
    const life = (identity.expiresAt ?? 0) - clock.now() / 1000
    clock.advance(life - 300)
    const outcome = await behalf.run(policy(schema, waiting), invocation({ tool: 't', identity }), () => 'ran')
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'again' })
  })

  test('the roles', async () => {
    const { guard, login, invocation } = await world()
    let roles = ['trader']
    const behalf = guard({
      approvals: slowly(() => {
        roles = []
      }),
      roles: { rolesOf: () => roles, scopesOf: () => new Set() },
    })
    const call = invocation({ tool: 't', identity: await login() })
    const outcome = await behalf.run(policy(schema, { ...waiting, roles: ['trader'] }), call, () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'role_missing' })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'again' })
  })

  test('the permission', async () => {
    const { guard, login, invocation } = await world()
    let allowed = true
    const permissions: AccessChecker = { check: async () => ({ allowed, checks: [{ question: 'q', allowed }] }) }
    const behalf = guard({
      permissions,
      approvals: slowly(() => {
        allowed = false
      }),
    })
    const rules = { ...waiting, permission: () => may('can_view', object('portfolio', 'p')) }
    const call = invocation({ tool: 't', identity: await login() })
    const outcome = await behalf.run(policy(schema, rules), call, () => 'ran')
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
    expect(outcome.trace.steps.at(-1)).toMatchObject({ step: 'again' })
  })
})
