import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { policies } from '../guard/world.ts'
import { admit, fieldsOf, roleMap, subjectTokenOf } from './imports.ts'
import { AGENT, jobWorld } from './job-world.ts'

const read = { tool: 'read_portfolio', slot: 'nightly', input: { portfolio: 'p-ann' } }

describe('a delegation', () => {
  test('lets the agent work while the user is away, and says for whom', async () => {
    const { process, delegate, events, present } = await jobWorld()
    const guard = process()
    const { identity: ann, refreshToken } = await present()
    const id = await delegate(guard, { identity: ann, refreshToken })
    const identity = await guard.delegations.identity(id)
    expect(identity).toMatchObject({ kind: 'user', subject: 'ann', delegationId: id })
    // The session in which it was made, whose end ends it; not that of its own login.
    expect(identity.sessionId).toBe(ann.sessionId)
    expect(subjectTokenOf(identity)).toMatchObject({ audience: [AGENT] })
    const outcome = await guard.run(policies.read_portfolio, { ...read, identity }, (_, { access }) =>
      access.trade.scopes.join(' '),
    )
    expect(outcome).toMatchObject({ status: 'done', result: 'portfolio:read' })
    const told = events.map(({ type, principal, ...event }) => [type, 'action' in event && event.action, principal])
    const principal = expect.objectContaining({ subject: 'ann', delegationId: id })
    expect(told).toEqual([
      ['delegation', 'created', principal],
      ['delegation', 'used', principal],
      ['token', false, principal],
      ['call', false, principal],
    ])
  })

  test('is refused for each reason with its own code', async () => {
    const { process, delegate, clock, present, events } = await jobWorld()
    const guard = process()
    const { identity: ann } = await present()
    const [used, revoked, expired] = [await delegate(guard), await delegate(guard), await delegate(guard)]
    const limited = await delegate(guard, { limit: { uses: 2, windowSeconds: 60 } })
    const ended = await delegate(guard)

    await guard.delegations.revoke(revoked, { identity: ann })
    await expect(guard.delegations.identity(revoked)).rejects.toMatchObject({ reason: 'revoked' })

    const other = process({ agent: { name: 'agent:gossip' } })
    await expect(other.delegations.identity(used)).rejects.toMatchObject({ reason: 'other_agent' })

    const identity = await guard.delegations.identity(used)
    const order = { tool: 'whoami', slot: 's', input: {}, identity }
    expect(await guard.run(policies.whoami, order, () => 'ran')).toMatchObject({ code: 'delegation_exceeded' })

    await guard.delegations.identity(limited)
    await guard.delegations.identity(limited)
    await expect(guard.delegations.identity(limited)).rejects.toMatchObject({ reason: 'used_up' })
    clock.advance(60)
    await guard.delegations.identity(limited)

    await expect(guard.delegations.identity('guess')).rejects.toMatchObject({ reason: 'unknown' })
    clock.advance(86_400)
    await expect(guard.delegations.identity(expired)).rejects.toMatchObject({ reason: 'expired' })
    await expect(guard.delegations.identity(ended)).rejects.toMatchObject({ reason: 'expired' })
    const refused = events.flatMap((event) => (event.type === 'delegation' && event.code ? [event.code] : []))
    expect(refused).toEqual(['revoked', 'other_agent', 'used_up', 'unknown', 'expired', 'expired'])
  })

  test('whose login the issuer has ended asks the user to sign in, and is no outage', async () => {
    const { process, delegate, authorizationServer, present } = await jobWorld()
    const guard = process()
    const id = await delegate(guard)
    // Surely not processed: after a 503 the refresh token may have been used.
    await authorizationServer.controls.fault('token', { status: 429 })
    await expect(guard.delegations.identity(id)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    await guard.delegations.identity(id)
    await authorizationServer.controls.revokeRefreshTokens('ann')
    for (const _ of [1, 2]) {
      await expect(guard.delegations.identity(id)).rejects.toMatchObject({ reason: 'login_required' })
    }
    const { identity } = await present()
    expect(await guard.delegations.list({ identity })).toMatchObject([{ id, state: 'login_ended' }])
  })

  test('keeps its agreed uses through an outage of the issuer, and counts two uses at once as two', async () => {
    const { process, delegate, authorizationServer } = await jobWorld()
    const guard = process()
    const id = await delegate(guard, { limit: { uses: 1, windowSeconds: 3600 } })
    await authorizationServer.controls.fault('token', { status: 429 })
    await expect(guard.delegations.identity(id)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    const uses = await Promise.allSettled([guard.delegations.identity(id), guard.delegations.identity(id)])
    expect(uses.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
    await expect(guard.delegations.identity(id)).rejects.toMatchObject({ reason: 'used_up' })
  })

  test('does not reach beyond its scopes, its tools and its agent, whatever the policies allow', async () => {
    const { process, delegate } = await jobWorld()
    const guard = process()
    const chat = await guard.delegations.identity(await delegate(guard, { tools: undefined, scopes: ['chat'] }))
    const beyond = await guard.run(policies.read_portfolio, { ...read, identity: chat }, () => 'ran')
    expect(beyond).toMatchObject({ code: 'delegation_exceeded' })
    const buy = { tool: 'create_order', slot: 's', input: { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL' } }
    const reader = await guard.delegations.identity(await delegate(guard, { tools: undefined }))
    for (const quantity of [1, 50]) {
      const order = { ...buy, input: { ...buy.input, quantity }, identity: reader }
      expect(await guard.run(policies.create_order, order, () => 'ran')).toMatchObject({ code: 'delegation_exceeded' })
    }
    const portfolio = { tool: 'get_portfolio', slot: 's', input: { portfolio: 'p-ann' }, identity: chat }
    expect(await guard.run(policies.get_portfolio, portfolio, () => 'ran')).toMatchObject({
      code: 'delegation_exceeded',
    })
    const other = process({ agent: { name: 'agent:gossip' }, permissions: undefined as never })
    expect(await other.run(policies.read_portfolio, { ...read, identity: reader }, () => 'ran')).toMatchObject({
      code: 'identity_not_verified',
    })
    expect((await guard.visible(policies, chat)).names).toEqual(['get_stock_price', 'whoami'])
    const forged = admit({ ...fieldsOf(reader), delegationId: reader.delegationId as string })
    expect(await guard.run(policies.read_portfolio, { ...read, identity: forged }, () => 'ran')).toMatchObject({
      code: 'identity_not_verified',
    })
  })

  test('calls with its bounds and calls without are kept apart, in either order', async () => {
    const { process, delegate, login } = await jobWorld()
    const guard = process()
    const present = { ...read, identity: await login() }
    expect(await guard.run(policies.read_portfolio, present, () => 'ran')).toMatchObject({ status: 'done' })
    const chat = await guard.delegations.identity(await delegate(guard, { tools: undefined, scopes: ['chat'] }))
    expect(await guard.run(policies.read_portfolio, { ...read, identity: chat }, () => 'ran')).toMatchObject({
      code: 'delegation_exceeded',
    })
    expect(await guard.run(policies.read_portfolio, present, () => 'ran')).toMatchObject({ status: 'done' })
  })

  test('reads the roles at each use: a revoked role is gone at the next one', async () => {
    const { process, delegate, authorizationServer } = await jobWorld()
    const guard = process({ roles: roleMap({ claim: 'roles', scopes: { trader: ['portfolio:read'] } }) })
    const id = await delegate(guard)
    const job = async () => {
      const identity = await guard.delegations.identity(id)
      return guard.run(policies.read_portfolio, { ...read, identity }, () => 'ran')
    }
    expect(await job()).toMatchObject({ status: 'done' })
    await authorizationServer.controls.changeUser('ann', { roles: ['intern'] })
    expect(await job()).toMatchObject({ code: 'role_missing' })
  })

  test('asks the issuer at each use, also where a process whose clock is ahead asked it before', async () => {
    const { process, delegate, authorizationServer, clock } = await jobWorld()
    const [here, ahead] = [process(), process({ clock: { now: () => clock.now() + 200_000 } })]
    const id = await delegate(here)
    await ahead.delegations.identity(id)
    clock.advance(5)
    await authorizationServer.controls.changeUser('ann', { roles: ['intern'] })
    expect(await here.delegations.identity(id)).toMatchObject({ claims: { roles: ['intern'] } })
    await authorizationServer.controls.revokeRefreshTokens('ann')
    await expect(here.delegations.identity(id)).rejects.toMatchObject({ reason: 'login_required' })
  })

  test(verifies('I5', 'bounds what roles would allow, and roles bound what it would (I5)'), async () => {
    const { process, delegate } = await jobWorld()
    const guard = process({ roles: roleMap({ claim: 'roles', scopes: { trader: ['portfolio:read'] } }) })
    const run = async (scopes: string[]) => {
      const identity = await guard.delegations.identity(await delegate(guard, { tools: undefined, scopes }))
      const reads = await guard.run(policies.read_portfolio, { ...read, identity }, () => 'ran')
      const order = { portfolio: 'p-ann', side: 'buy', symbol: 'AAPL', quantity: 1 }
      const buys = await guard.run(
        policies.create_order,
        { tool: 'create_order', slot: 's', input: order, identity },
        () => 'ran',
      )
      return [reads, buys].map((outcome) => ('code' in outcome ? outcome.code : outcome.status))
    }
    expect(await run(['portfolio:read', 'trade:small'])).toEqual(['done', 'role_missing'])
    expect(await run(['trade:small'])).toEqual(['delegation_exceeded', 'role_missing'])
  })

  test('is never used by two processes at once in a way that ends its login', async () => {
    const { process, delegate, refreshes } = await jobWorld()
    const guards = [process(), process(), process()] as const
    const id = await delegate(guards[0])
    for (let round = 0; round < 3; round++) {
      const all = await Promise.all(guards.flatMap((guard) => [1, 2, 3].map(() => guard.delegations.identity(id))))
      expect(new Set(all.map(({ subject }) => subject))).toEqual(new Set(['ann']))
    }
    // One to prove it at `create`; then at most one for each process and round.
    expect(await refreshes()).toBeLessThanOrEqual(10)
    await expect(guards[1].delegations.identity(id)).resolves.toMatchObject({ delegationId: id })
  })

  test('without a refresh token says that jobs get no tokens, and they get none', async () => {
    const { process, present, clock } = await jobWorld()
    const guard = process()
    const { identity } = await present()
    const made = await guard.delegations.create({
      identity,
      tools: ['read_portfolio', 'whoami'],
      expiresAt: clock.now() / 1000 + 3600,
    })
    expect(made).toMatchObject({ credentials: 'none', state: 'active' })
    const job = await guard.delegations.identity(made.id)
    const outcome = await guard.run(policies.read_portfolio, { ...read, identity: job }, () => 'ran')
    expect(outcome).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
    const who = { tool: 'whoami', slot: 'w', input: {}, identity: job }
    expect(await guard.run(policies.whoami, who, (_, call) => call.identity?.kind)).toMatchObject({ result: 'user' })
  })
})
