import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { type DpopKey, generateDpopKey } from '../../../src/entrypoints/providers.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import {
  type AgentIdentity,
  type GuardWithDelegations,
  memoryStore,
  type Store,
  type UserIdentity,
} from '../../../src/index.ts'
import { keys, smallWorld, user } from '../guard/small-world.ts'
import { policies } from '../guard/world.ts'
import { overStore } from '../records/over-store.ts'
import { durably } from '../sign-in/durable.ts'
import { jobWorld } from './job-world.ts'

const read = { tool: 'read_portfolio', slot: 'nightly', input: { portfolio: 'p-ann' } }

describe('who may make, see and end delegations', () => {
  test('a user sees and ends only their own', async () => {
    const { process, delegate, present } = await jobWorld()
    const guard = process()
    const id = await delegate(guard)
    const ann = (await present()).identity
    const bob = (await present('bob')).identity
    expect(await guard.delegations.list({ identity: ann })).toMatchObject([
      { id, state: 'active', agent: 'agent:trader', tools: ['read_portfolio'], credentials: 'refresh_token' },
    ])
    expect(await guard.delegations.list({ identity: bob })).toEqual([])
    expect(await guard.delegations.revoke(id, { identity: bob })).toBe('not_found')
    expect(await guard.delegations.revoke('guess', { identity: ann })).toBe('not_found')
    const job = await guard.delegations.identity(id)
    await expect(guard.delegations.list({ identity: job })).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    await expect(guard.delegations.revoke(id, { identity: job })).rejects.toMatchObject({
      code: 'ERR_IDENTITY_REQUIRED',
    })
    expect(await guard.delegations.revoke(id, { identity: ann })).toBe('revoked')
    expect(await guard.delegations.revoke(id, { identity: ann })).toBe('not_found')
    expect(await guard.delegations.list({ identity: ann })).toMatchObject([{ id, state: 'revoked' }])
  })

  test.each([
    ['issuer', { issuer: 'https://other.example' }],
    ['tenant', { tenant: 'org_2' }],
    ['subject', { subject: 'bob' }],
  ])('of another %s is another user, whatever else is the same', async (_, over) => {
    const { guard, clock } = smallWorld()
    const { delegations } = guard()
    const ann = { identity: user({ tenant: 'org_1' }) }
    const { id } = await delegations.create({ ...ann, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 })
    const other = { identity: user({ tenant: 'org_1', ...over }) }
    expect(await delegations.list(other)).toEqual([])
    expect(await delegations.revoke(id, other)).toBe('not_found')
    expect(await delegations.list(ann)).toMatchObject([{ id, state: 'active' }])
  })

  test('one has the bounds that its user agreed to, where the app goes on with the same lists for the next one', async () => {
    const { guard, clock } = smallWorld()
    const { delegations } = guard()
    const [tools, scopes, limit] = [['pay'], ['read'], { uses: 1, windowSeconds: 60 }]
    const made = delegations.create({ identity: user(), tools, scopes, limit, expiresAt: clock.now() / 1000 + 60 })
    tools.push('close_account')
    scopes.push('write')
    limit.uses = 1000
    expect(await made).toMatchObject({ tools: ['pay'], scopes: ['read'], limit: { uses: 1 } })
  })

  test('an agent by itself has nothing to delegate, and nothing to list', async () => {
    const { guard, clock } = smallWorld()
    const { delegations } = guard()
    const agent = admit<AgentIdentity>({ kind: 'agent', issuer: user().issuer, clientId: 'agent', claims: {} })
    const asked = { identity: agent as never, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 }
    await expect(delegations.create(asked)).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    await expect(delegations.list(asked)).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
  })

  test('ending one ends the jobs that run under it, and its refresh token at the issuer', async () => {
    const { process, delegate, present, authorizationServer, clock } = await jobWorld()
    const [here, there] = [process(), process()]
    const id = await delegate(here)
    const [mine, theirs] = [await here.delegations.identity(id), await there.delegations.identity(id)]
    const other = await here.delegations.identity(await delegate(here))
    const run = (guard: GuardWithDelegations, identity: UserIdentity) =>
      guard.run(policies.read_portfolio, { ...read, identity }, () => 'ran')
    expect(await run(there, theirs)).toMatchObject({ status: 'done' })
    await here.delegations.revoke(id, { identity: (await present()).identity })
    expect(await run(here, mine)).toMatchObject({ code: 'revoked' })
    clock.advance(5)
    expect(await run(there, theirs)).toMatchObject({ code: 'revoked' })
    expect(await run(here, other)).toMatchObject({ status: 'done' })
    const requests = await authorizationServer.controls.requests()
    expect(requests.filter(({ endpoint }) => endpoint === 'revoke')).toHaveLength(1)
  })

  test(verifies('I9', 'guard.revoke ends those of the user, or of the session in which they were made'), async () => {
    const { process, delegate, present, clock } = await jobWorld()
    const guard = process()
    const { identity, refreshToken } = await present()
    const made = { tools: ['whoami'], expiresAt: clock.now() / 1000 + 3600 }
    const inSession = await guard.delegations.create({ identity, refreshToken, ...made })
    const [another, bobs] = [await delegate(guard), await delegate(guard, {}, 'bob')]
    const { issuer, sessionId: session = '' } = identity
    expect(session).not.toBe('')
    expect(await guard.revoke({ issuer, session })).toMatchObject({ delegations: 1 })
    await expect(guard.delegations.identity(inSession.id)).rejects.toMatchObject({ reason: 'revoked' })
    await guard.delegations.identity(another)
    expect(await guard.revoke({ issuer, subject: 'ann' })).toMatchObject({ delegations: 1 })
    expect(await guard.revoke({ issuer, subject: 'ann' })).toMatchObject({ delegations: 0 })
    await expect(guard.delegations.identity(another)).rejects.toMatchObject({ reason: 'revoked' })
    await guard.delegations.identity(bobs)
  })

  test('a revocation wins over a concurrent write of the delegation', async () => {
    const { guard, clock, store } = smallWorld()
    let name: string | undefined
    let isRaced = true
    const put: Store['put'] = async (key, value, options) => {
      name ??= key
      const now = key === name && options.ifVersion !== null ? await store.get(key) : undefined
      if (now === undefined || isRaced) return store.put(key, value, options)
      isRaced = true
      await store.put(key, now.value, { ...options, ifVersion: now.version })
      return store.put(key, value, options)
    }
    const { delegations } = guard({ store: overStore(store, { put }) })
    const ann = { identity: user() }
    const { id } = await delegations.create({ ...ann, tools: ['pay'], expiresAt: clock.now() / 1000 + 60 })
    isRaced = false
    expect(await delegations.revoke(id, ann)).toBe('revoked')
    expect(isRaced).toBe(true)
    expect(await delegations.list(ann)).toMatchObject([{ id, state: 'revoked' }])
    await expect(delegations.identity(id)).rejects.toMatchObject({ reason: 'revoked' })
  })

  test('a session of one tenant is no session of another, whatever it is called', async () => {
    const { guard, clock } = smallWorld()
    const behalf = guard()
    const made = { tools: ['pay'], expiresAt: clock.now() / 1000 + 3600 }
    const [ours, theirs] = ['org_1', 'org_2'].map((tenant) => user({ tenant, sessionId: 's' })) as [
      UserIdentity,
      UserIdentity,
    ]
    await behalf.delegations.create({ identity: ours, ...made })
    await behalf.delegations.create({ identity: theirs, ...made })
    const revoked = await behalf.revoke({ issuer: ours.issuer, tenant: 'org_1', session: 's' })
    expect(revoked).toMatchObject({ delegations: 1 })
    expect(await behalf.delegations.list({ identity: theirs })).toMatchObject([{ state: 'active' }])
  })

  test('one is made by a user who is here, with bounds, and with a refresh token of their own', async () => {
    const { process, present, clock } = await jobWorld()
    const guard = process()
    const { identity, refreshToken } = await present()
    const bob = await present('bob')
    const options = { identity, tools: ['whoami'], expiresAt: clock.now() / 1000 + 3600 }
    const create = (over: object) => guard.delegations.create({ ...options, ...over })
    const wrong = { code: 'ERR_CONFIGURATION' }
    for (const over of [
      { tools: undefined },
      { tools: [] },
      { scopes: [] },
      { scopes: ['two words'] },
      { expiresAt: undefined },
      { expiresAt: clock.now() / 1000 - 1 },
      { expiresAt: Number.POSITIVE_INFINITY },
      { limit: { uses: 0, windowSeconds: 1 } },
      { limit: { uses: 1, windowSeconds: -1 } },
      { limit: { uses: 1, windowSeconds: 1, per: 'day' } },
      { agent: '' },
      { until: 1 },
    ]) {
      await expect(create(over), JSON.stringify(over)).rejects.toMatchObject(wrong)
    }
    await expect(create({ identity: fieldsOf(identity) })).rejects.toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    await expect(create({ refreshToken: bob.refreshToken })).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    await expect(create({ refreshToken: 'made-up-token' })).rejects.toMatchObject({ reason: 'inactive' })
    await create({ refreshToken })
    // It is the delegation's alone from then on.
    await expect(create({ refreshToken })).rejects.toMatchObject({ reason: 'inactive' })
    clock.advance(3600)
    await expect(create({ expiresAt: clock.now() / 1000 + 60 })).rejects.toMatchObject({ reason: 'expired' })
  })

  test(
    verifies(
      'I8',
      'a login that is bound to a key of this process alone is not stored, nor its refresh token used up (I8)',
    ),
    async () => {
      const { guard, present, profile, clock, refreshes } = await jobWorld()
      const options = { ...(await present()), tools: ['read_portfolio'], expiresAt: clock.now() / 1000 + 60 }
      const made = (dpop: DpopKey, store: Store) =>
        guard({ authorizationServer: { ...profile, dpop }, store, keys }).delegations.create(options)
      const own = await generateDpopKey()
      await expect(made(own, durably(memoryStore({ clock })))).rejects.toMatchObject({
        code: 'ERR_CONFIGURATION',
        option: 'authorizationServer.dpop',
      })
      expect(await refreshes()).toBe(0)
      // In memory it ends with the process, as its key does.
      expect(await made(own, memoryStore({ clock }))).toMatchObject({ credentials: 'refresh_token' })
    },
  )

  test('one can be made for another agent, which alone may use it', async () => {
    const { process, delegate } = await jobWorld()
    const [web, nightly] = [process(), process({ agent: { name: 'agent:nightly' } })]
    const id = await delegate(web, { agent: 'agent:nightly' })
    await expect(web.delegations.identity(id)).rejects.toMatchObject({ reason: 'other_agent' })
    await expect(nightly.delegations.identity(id)).resolves.toMatchObject({ subject: 'ann' })
  })

  test('nothing that is stored or told says who it was, or holds a token', async () => {
    const { process, present, clock, events } = await jobWorld()
    const seen: string[] = []
    const inner = memoryStore({ clock })
    const store = overStore(inner, {
      put: (key, value, options) => {
        seen.push(key, new TextDecoder().decode(value), ...(options.index ?? []))
        return inner.put(key, value, options)
      },
    })
    const guard = process({ store })
    const { identity, refreshToken } = await present()
    const expiresAt = clock.now() / 1000 + 60
    const view = await guard.delegations.create({ identity, refreshToken, tools: ['whoami'], expiresAt })
    const job = await guard.delegations.identity(view.id)
    for (const secret of ['"ann"', refreshToken, view.id]) expect(seen.join('\n')).not.toContain(secret)
    expect(JSON.stringify([view, job, events])).not.toContain(refreshToken)
  })

  test('where audit is required and fails, none is made and none is used', async () => {
    const { process, delegate, present, clock } = await jobWorld()
    const guard = process()
    const id = await delegate(guard)
    const deaf = process({ audit: { sink: { write: () => Promise.reject(new Error('full')) }, required: true } })
    await expect(deaf.delegations.identity(id)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    const { identity } = await present()
    const made = deaf.delegations.create({ identity, tools: ['whoami'], expiresAt: clock.now() / 1000 + 60 })
    await expect(made).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(await guard.delegations.list({ identity })).toHaveLength(1)
  })
})
