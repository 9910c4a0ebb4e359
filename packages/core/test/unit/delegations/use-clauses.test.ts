import { describe, expect, test } from 'vitest'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import type { AgentIdentity } from '../../../src/index.ts'
import { ISSUER, smallWorld, user } from '../guard/small-world.ts'

function using(owner: Parameters<typeof user>[0] = {}) {
  const world = smallWorld()
  const { delegations } = world.guard()
  const now = world.clock.now() / 1000
  const identity = user(owner)
  const delegate = async (seconds: number) =>
    (await delegations.create({ identity, tools: ['pay'], expiresAt: now + seconds })).id
  return { ...world, delegations, now, identity, delegate }
}

const agentOf = (over: Partial<AgentIdentity> = {}) =>
  admit<AgentIdentity>({ kind: 'agent', issuer: ISSUER, clientId: 'agent', claims: {}, ...over })

describe('a delegation is used', () => {
  test('until its end, and not at it', async () => {
    const { delegations, delegate, clock } = using()
    const id = await delegate(60)
    clock.advance(59)
    await expect(delegations.identity(id)).resolves.toMatchObject({ delegationId: id })
    clock.advance(1)
    await expect(delegations.identity(id)).rejects.toMatchObject({ reason: 'expired' })
  })

  test('for an hour at a time where no token ends sooner, and never beyond its end', async () => {
    const { delegations, delegate, now } = using()
    await expect(delegations.identity(await delegate(86_400))).resolves.toMatchObject({ expiresAt: now + 3600 })
    await expect(delegations.identity(await delegate(60))).resolves.toMatchObject({ expiresAt: now + 60 })
  })

  test.each([
    ['whose identity has no end', { clientId: 'agent' }],
    ['of the owner’s tenant', { tenant: 'org_1' }],
    ['whose identity still holds', { expiresAt: 1_800_000_001 }],
  ])('by an agent %s', async (_, over) => {
    const { delegations, delegate } = using({ tenant: 'org_1' })
    const agentIdentity = agentOf(over)
    await expect(delegations.identity(await delegate(60), { agentIdentity })).resolves.toMatchObject({ subject: 'ann' })
  })

  test.each([
    ['of another tenant', { tenant: 'org_2' }],
    ['whose identity ends now', { expiresAt: 1_800_000_000 }],
  ])('but not by an agent %s', async (_, over) => {
    const { delegations, delegate } = using({ tenant: 'org_1' })
    const use = delegations.identity(await delegate(60), { agentIdentity: agentOf(over) })
    await expect(use).rejects.toMatchObject({ reason: 'other_agent' })
  })

  test.each(['', ' ', 7, undefined])('by its id, and %j is not an id', async (id) => {
    await expect(using().delegations.identity(id as never)).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'delegations.identity.id',
    })
  })
})

describe('its owner', () => {
  test('is who was verified, and not who looks so', async () => {
    const { delegations, delegate, identity } = using()
    const id = await delegate(60)
    const forged = { identity: fieldsOf(identity) }
    await expect(delegations.list(forged)).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    await expect(delegations.revoke(id, forged)).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    expect(await delegations.list({ identity })).toMatchObject([{ id, state: 'active' }])
  })

  test('ends it, and the audit says so', async () => {
    const { delegations, delegate, identity, events } = using()
    const id = await delegate(60)
    events.length = 0
    await delegations.revoke(id, { identity })
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'delegation',
        action: 'revoked',
        principal: expect.objectContaining({ subject: 'ann', delegationId: id }),
      }),
    )
  })
})
