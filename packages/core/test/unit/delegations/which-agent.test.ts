import { describe, expect, test } from 'vitest'
import { requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { API, policies } from '../guard/world.ts'
import { admit, fieldsOf } from './imports.ts'
import { jobWorld } from './job-world.ts'

const read = { tool: 'read_portfolio', slot: 'nightly', input: { portfolio: 'p-ann' } }

describe('the agent that a delegation was made for', () => {
  test('is its name and its client: another client of that name gets nothing, by id or by identity', async () => {
    const { process, delegate, profile } = await jobWorld()
    const guard = process()
    const impostor = process({ authorizationServer: { ...profile, clientId: 'someone-else' } })
    const stranger = process({ authorizationServer: () => undefined, permissions: undefined as never })
    const id = await delegate(guard)
    for (const other of [impostor, stranger]) {
      await expect(other.delegations.identity(id)).rejects.toMatchObject({ reason: 'other_agent' })
    }
    const identity = await guard.delegations.identity(id)
    expect(await impostor.run(policies.read_portfolio, { ...read, identity }, () => 'ran')).toMatchObject({
      code: 'identity_not_verified',
    })
    expect(await guard.run(policies.read_portfolio, { ...read, identity }, () => 'ran')).toMatchObject({
      status: 'done',
    })
  })

  test('may be one of another client, where it is named', async () => {
    const { process, present, profile, clock } = await jobWorld()
    const web = process()
    const nightly = process({ authorizationServer: { ...profile, clientId: 'nightly-client' } })
    const { identity, refreshToken } = await present()
    const options = { identity, client: 'nightly-client', tools: ['whoami'], expiresAt: clock.now() / 1000 + 60 }
    await expect(web.delegations.create({ ...options, refreshToken })).rejects.toMatchObject({
      code: 'ERR_CONFIGURATION',
    })
    const { id } = await web.delegations.create(options)
    await expect(web.delegations.identity(id)).rejects.toMatchObject({ reason: 'other_agent' })
    await expect(nightly.delegations.identity(id)).resolves.toMatchObject({ delegationId: id })
  })

  test('proves itself where that was agreed to, and whatever it gives is looked at', async () => {
    const { process, delegate, profile, clock, events, login } = await jobWorld()
    const guard = process()
    // The mocked server calls an agent by its client id, and not as Auth0 does.
    const token = { ...profile.token, isAgent: ({ sub }: Record<string, unknown>) => sub === profile.clientId }
    const authorizationServer = { ...profile, token }
    const agentIdentity = await requestAgentIdentity({ authorizationServer, resource: API, clock })
    const proven = await delegate(guard, { provesAgent: true })
    await expect(guard.delegations.identity(proven)).rejects.toMatchObject({ reason: 'other_agent' })
    await guard.delegations.identity(proven, { agentIdentity })
    const plain = await delegate(guard)
    await guard.delegations.identity(plain, { agentIdentity })
    events.length = 0
    const wrong = [
      fieldsOf(agentIdentity),
      admit({ ...fieldsOf(agentIdentity), clientId: 'someone-else' }),
      admit({ ...fieldsOf(agentIdentity), issuer: 'https://elsewhere.example/' }),
      admit({ ...fieldsOf(agentIdentity), tenant: 't-1' }),
      admit({ ...fieldsOf(agentIdentity), expiresAt: clock.now() / 1000 }),
      await login(),
    ]
    for (const given of wrong) {
      for (const id of [proven, plain]) {
        const use = guard.delegations.identity(id, { agentIdentity: given as never })
        await expect(use).rejects.toMatchObject({ reason: 'other_agent' })
      }
    }
    expect(events.map((event) => 'code' in event && event.code)).toEqual(Array(wrong.length * 2).fill('other_agent'))
    await expect(delegate(guard, { provesAgent: 'yes' as never })).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
  })
})
