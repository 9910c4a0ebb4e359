import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { type GuardOptions, memoryStore, type UserIdentity } from '../../../src/index.ts'
import { sharedTokens } from '../../../src/token-exchange/shared-tokens.ts'
import { pointedRows } from '../records/pointed-rows.ts'
import { keys } from './small-world.ts'
import { API, ORIGIN, policies, type World, world } from './world.ts'

const exchangesAt = async ({ authorizationServer }: World) =>
  (await authorizationServer.controls.requests()).filter(({ parameters }) =>
    String(parameters.grant_type).includes('token-exchange'),
  )

/** Guards of several processes, over one store. */
async function processes() {
  const target = await world()
  const store = memoryStore({ clock: target.clock })
  const guard = (over: Partial<GuardOptions> = {}) =>
    target.guard({ store, keys, sharedTokens: sharedTokens(), ...over })
  const read = (identity: UserIdentity, behalf = guard()) =>
    behalf.run(
      policies.read_portfolio,
      target.invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity }),
      async (_, { access }) => (await access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)).status,
    )
  return { ...target, guard, read }
}

describe('guards that share tokens', () => {
  test('fifty cold calls in two processes make one exchange', async () => {
    const target = await processes()
    const identity = await target.login()
    const guards = [target.guard(), target.guard()]
    const outcomes = await Promise.all(Array.from({ length: 50 }, (_, call) => target.read(identity, guards[call % 2])))
    expect(outcomes.every((outcome) => outcome.status === 'done' && outcome.result === 200)).toBe(true)
    expect(await exchangesAt(target)).toHaveLength(1)
  })

  test(verifies('I2', 'users and logins never share one'), async () => {
    const target = await processes()
    const [ann, again, bob] = [await target.login(), await target.login(), await target.login('bob')]
    for (const identity of [ann, again, bob, ann]) await target.read(identity)
    expect(await exchangesAt(target)).toHaveLength(3)
  })

  test(verifies('I2', 'two agents never share one'), async () => {
    const target = await processes()
    const identity = await target.login()
    await target.read(identity)
    // Another agent under the same client and policy, over the same store and keys.
    await target.read(identity, target.guard({ agent: { name: 'agent:risk' }, permissions: undefined as never }))
    expect(await exchangesAt(target)).toHaveLength(2)
  })

  test(
    verifies('I2', 'a process whose profile demands an actor takes no token of a process whose profile does not'),
    async () => {
      const target = await processes()
      const identity = await target.login()
      expect(await target.read(identity)).toMatchObject({ status: 'done' })
      const strict = target.guard({ authorizationServer: { ...target.profile, actor: 'agent-of-another-name' } })
      const outcome = await target.read(identity, strict)
      expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
      expect(outcome.trace.steps.at(-1)?.detail).toContain('actor')
    },
  )

  test('a revocation is for all of them', async () => {
    const target = await processes()
    const identity = await target.login()
    const [first, second] = [target.guard(), target.guard()]
    await target.read(identity, first)
    target.clock.advance(1)
    expect(await first.revoke({ issuer: identity.issuer, subject: 'ann' })).toMatchObject({ tokens: 1 })
    expect(await target.read(identity, second)).toMatchObject({
      status: 'interrupted',
      interrupt: { kind: 'login_required', maxAge: 0 },
    })
    expect(await exchangesAt(target)).toHaveLength(1)
  })

  test('rows that hide tokens after a revocation are deleted from the store: no proof finds a token of before', async () => {
    const target = await processes()
    const rows = pointedRows(memoryStore({ clock: target.clock }))
    const guard = () => target.guard({ store: rows.store })
    const identity = await target.login()
    await target.read(identity, guard())
    target.clock.advance(1)
    await guard().revoke({ issuer: identity.issuer, subject: 'ann' })
    const hiding = rows.keys('token-epoch:')
    expect(hiding).toHaveLength(1)
    for (const key of hiding) await rows.store.delete(key)
    expect(await target.read(identity, guard())).toMatchObject({ interrupt: { kind: 'login_required' } })
    expect(await exchangesAt(target)).toHaveLength(1)
    target.clock.advance(31)
    expect(await target.read(await target.login(), guard())).toMatchObject({ status: 'done', result: 200 })
    expect(await exchangesAt(target)).toHaveLength(2)
  })

  test('a token that the API refuses is exchanged again, and not taken from the store', async () => {
    const target = await processes()
    const identity = await target.login()
    await target.read(identity)
    await target.stockTrade.controls.fault('portfolios', { status: 401 })
    expect(await target.read(identity)).toMatchObject({ status: 'done', result: 200 })
    expect(await exchangesAt(target)).toHaveLength(2)
  })

  test('need a store to share', async () => {
    const { guard } = await world()
    expect(() => guard({ sharedTokens: sharedTokens() })).toThrow('sharedTokens: give the store')
    expect(() => guard({ sharedTokens: 'yes' as never })).toThrow('sharedTokens')
  })
})

describe('what changes in mid-run', () => {
  const running = async () => {
    const target = await world()
    const behalf = target.guard()
    const read = (identity: UserIdentity) =>
      behalf.run(
        policies.read_portfolio,
        target.invocation({ tool: 'read_portfolio', input: { portfolio: 'p-ann' }, identity }),
        async (_, { access }) => ({
          status: (await access.trade.fetch(`${ORIGIN}/portfolios/p-ann`)).status,
          scopes: access.trade.scopes,
        }),
      )
    return { ...target, behalf, read }
  }

  test('a session that was revoked: the next exchange is login_required', async () => {
    const { read, login, authorizationServer, stockTrade } = await running()
    const identity = await login()
    expect(await read(identity)).toMatchObject({ status: 'done' })
    await authorizationServer.controls.fault('token', { status: 400, body: { error: 'invalid_grant' }, times: 2 })
    await stockTrade.controls.fault('portfolios', { status: 401 })
    // The API's own answer stays with the body; the call after it is told what to do.
    expect(await read(identity)).toMatchObject({ status: 'done', result: { status: 401 } })
    expect(await read(identity)).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
  })

  test('an identity that ran out while its token is cached: login_required', async () => {
    const { read, login, clock } = await running()
    const identity = await login()
    await read(identity)
    clock.advance(3 * 3600)
    expect(await read(identity)).toMatchObject({ status: 'interrupted', interrupt: { kind: 'login_required' } })
  })

  test('a right that was taken away is gone with the next token of the user', async () => {
    const { read, login, authorizationServer } = await running()
    const identity = await login()
    expect(await read(identity)).toMatchObject({ result: { scopes: ['portfolio:read'] } })
    await authorizationServer.controls.changeUser('ann', { permissions: ['trade:small', 'chat'] })
    // The server grants nothing of what is asked now, and the API wants it: the next preflight says so.
    const later = await login()
    await expect(read(later)).rejects.toMatchObject({ code: 'ERR_STEP_UP_REQUIRED' })
    expect(await read(later)).toMatchObject({ status: 'interrupted', interrupt: { kind: 'step_up_required' } })
  })
})

test('the target of the story is the API', () => {
  expect(new URL(API).origin).toBe(ORIGIN)
})
