import { describe, expect, test } from 'vitest'
import { requestTokenSource } from '../../../src/entrypoints/identity.ts'
import { createGuard } from '../../../src/index.ts'
import { overStore } from '../records/over-store.ts'
import { durably } from './durable.ts'
import { AGENT, world } from './sessions-world.ts'

describe('whose session it is, and what is stored of it', () => {
  test('guard.revoke ends those of a user, or of one session of the issuer’s, in its own store', async () => {
    const { sessions, answer, profile, store, clock } = await world()
    const kept = sessions()
    const [one, two, bob] = [
      await kept.create((await answer()).json),
      await kept.create((await answer()).json),
      await kept.create((await answer('bob')).json),
    ]
    const guard = createGuard({
      authorizationServer: profile,
      agent: { name: 'agent:trader' },
      sessions: kept,
      store,
      clock,
    })
    const { issuer, sessionId: session = '' } = one.identity
    expect(await guard.revoke({ issuer, session })).toMatchObject({ sessions: 1 })
    expect(await kept.identity(one.id)).toMatchObject({ status: 'login_required' })
    expect(await kept.identity(two.id)).toMatchObject({ status: 'verified' })
    expect(await guard.revoke({ issuer, subject: 'ann' })).toMatchObject({ sessions: 1 })
    expect(await kept.identity(two.id)).toMatchObject({ status: 'login_required' })
    expect(await kept.identity(bob.id)).toMatchObject({ status: 'verified' })
  })

  test('a guard that was not given the sessions ends none, and each use of a revoked one is refused', async () => {
    const { sessions, answer, profile, store, clock } = await world()
    const kept = sessions()
    const { id, identity } = await kept.create((await answer()).json)
    const guard = createGuard({ authorizationServer: profile, agent: { name: 'agent:trader' }, store, clock })
    expect(await guard.revoke({ issuer: identity.issuer, subject: 'ann' })).toMatchObject({ sessions: 0 })
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
  })

  test('an unknown id has no session; one user never has the session of another', async () => {
    const { sessions, answer } = await world()
    const kept = sessions()
    const ann = await kept.create((await answer()).json)
    const bob = await kept.create((await answer('bob')).json)
    expect(await kept.source(bob.id).identity()).toMatchObject({ identity: { subject: 'bob' } })
    expect(await kept.source(ann.id).identity()).toMatchObject({ identity: { subject: 'ann' } })
    expect(await kept.identity('guess')).toMatchObject({ status: 'login_required' })
  })

  test('what is stored tells nothing, and needs keys where it lasts', async () => {
    const { sessions, answer, store } = await world()
    const seen: string[] = []
    const watched = overStore(store, {
      put: (key, value, options) => {
        seen.push(key, new TextDecoder().decode(value), ...(options.index ?? []))
        return store.put(key, value, options)
      },
    })
    const { json, tokens } = await answer()
    const { id } = await sessions({ store: watched }).create(json)
    const all = seen.join('\n')
    for (const secret of [id, '"ann"', tokens.accessToken, tokens.refreshToken as string])
      expect(all).not.toContain(secret)
    expect(() => sessions({ store: durably(store) })).toThrow(/keys/)
    expect(() => sessions({ refreshBeforeSeconds: -1 })).toThrow(/refreshBeforeSeconds/)
    expect(() => sessions({ sealed: false } as never)).toThrow(/sealed/)
  })
})

describe("the request's own token", () => {
  test('is a subject token as well; without a good one the user has to sign in', async () => {
    const { answer, profile, clock } = await world()
    const { tokens } = await answer()
    const source = (authorization?: string) =>
      requestTokenSource(new Request('https://app.example/', authorization ? { headers: { authorization } } : {}), {
        authorizationServer: profile,
        audience: AGENT,
        clock,
      })
    expect(await source(`Bearer ${tokens.accessToken}`).identity()).toMatchObject({ identity: { subject: 'ann' } })
    expect(await source().identity()).toMatchObject({ status: 'login_required' })
    expect(await source('Bearer abc.def.ghi').identity()).toMatchObject({ status: 'login_required' })
    clock.advance(4000)
    expect(await source(`Bearer ${tokens.accessToken}`).identity()).toMatchObject({ status: 'login_required' })
  })
})
