import { getResponse, HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { revealToken } from '../../../src/credential/index.ts'
import { subjectTokenOf } from '../../../src/entrypoints/identity.ts'
import { connectAuthorizationServer, StoreError } from '../../../src/entrypoints/spi.ts'
import { keys } from '../guard/small-world.ts'
import { overStore } from '../records/over-store.ts'
import { AGENT, world } from './sessions-world.ts'

describe('a session that the app keeps', () => {
  test('says who it is, with the token of the moment behind them', async () => {
    const { sessions, answer, refreshes } = await world()
    const kept = sessions()
    const { json, tokens } = await answer()
    const { id, identity } = await kept.create(json, { nonce: tokens.nonce })
    expect(identity).toMatchObject({ subject: 'ann', claims: { roles: ['trader'] } })
    expect(id).toMatch(/^[\w-]{43}$/)
    const again = await kept.identity(id)
    if (again.status !== 'verified') throw new Error('not verified')
    expect(again.identity).toMatchObject({ subject: 'ann', sessionId: identity.sessionId })
    const subject = subjectTokenOf(again.identity)
    expect(subject && revealToken(subject.token)).toBe(tokens.accessToken)
    expect(subject).toMatchObject({ audience: [AGENT], scopes: expect.arrayContaining(['chat']) })
    expect(await refreshes()).toBe(0)
  })

  test('renews before the token ends, once for all who ask, and what changed shows', async () => {
    const { sessions, answer, clock, refreshes, authorizationServer } = await world()
    const kept = sessions()
    const { id } = await kept.create((await answer()).json)
    await authorizationServer.controls.changeUser('ann', { roles: [] })
    clock.advance(3545)
    const all = await Promise.all(Array.from({ length: 50 }, () => kept.identity(id)))
    expect(new Set(all.map(({ status }) => status))).toEqual(new Set(['verified']))
    expect(all[0]).toMatchObject({ identity: { subject: 'ann', claims: { roles: [] } } })
    expect(await refreshes()).toBe(1)
    clock.advance(3545)
    expect(await kept.identity(id)).toMatchObject({ status: 'verified' })
    expect(await refreshes()).toBe(2)
  })

  test('several processes over one store refresh once, and the session lives on', async () => {
    const { sessions, answer, clock, refreshes } = await world()
    const processes = Array.from({ length: 5 }, () => sessions())
    const { id } = await (processes[0] as (typeof processes)[0]).create((await answer()).json)
    for (let round = 1; round <= 3; round++) {
      clock.advance(3590)
      const answers = await Promise.all(processes.map((process) => process.identity(id)))
      expect(answers.map(({ status }) => status)).toEqual(Array(5).fill('verified'))
      expect(await refreshes()).toBe(round)
    }
  })

  test('that the issuer ended is login_required, for good', async () => {
    const { sessions, answer, clock, authorizationServer, refreshes } = await world()
    const kept = sessions()
    const { id } = await kept.create((await answer()).json)
    await authorizationServer.controls.revokeRefreshTokens('ann')
    clock.advance(3590)
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
    expect(await refreshes()).toBe(1)
  })

  test('an issuer that has no time ends nothing: the token serves while it is good, then it is an outage', async () => {
    const { sessions, answer, clock, authorizationServer } = await world()
    const kept = sessions()
    const { id } = await kept.create((await answer()).json)
    clock.advance(3560)
    await authorizationServer.controls.fault('token', { status: 429 })
    expect(await kept.identity(id)).toMatchObject({ status: 'verified' })
    clock.advance(60)
    await authorizationServer.controls.fault('token', { status: 429 })
    await expect(kept.identity(id)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(await kept.identity(id)).toMatchObject({ status: 'verified' })
  })

  test('keys that do not come after a refresh do not cost the session', async () => {
    const { sessions, answer, clock, profile, msw, refreshes } = await world()
    const { id } = await sessions().create((await answer()).json)
    clock.advance(3590)
    // Another process, which has no keys yet.
    const cold = sessions({ authorizationServer: { ...profile } })
    msw.use(
      http.get('https://tenant.behalf.example/.well-known/jwks.json', () => new HttpResponse(null, { status: 503 }), {
        once: false,
      }),
    )
    await expect(cold.identity(id)).resolves.toMatchObject({ status: 'verified' })
    expect(await refreshes()).toBe(1)
    clock.advance(60)
    await expect(cold.identity(id)).rejects.toMatchObject({ code: 'ERR_TRANSPORT' })
    msw.resetHandlers()
    expect(await cold.identity(id)).toMatchObject({ status: 'verified' })
  }, 30_000)

  test('without a refresh token it ends with its token', async () => {
    const { sessions, answer, clock } = await world()
    const kept = sessions()
    const { json } = await answer()
    const { id } = await kept.create({ ...json, refresh_token: undefined })
    clock.advance(3580)
    expect(await kept.identity(id)).toMatchObject({ status: 'verified' })
    clock.advance(25)
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
  })

  test('it ends after its own life time, whatever the issuer says', async () => {
    const { sessions, answer, clock } = await world()
    const kept = sessions({ lifetimeSeconds: 7200 })
    const { id } = await kept.create((await answer()).json)
    clock.advance(7180)
    expect(await kept.identity(id)).toMatchObject({ status: 'verified' })
    clock.advance(25)
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
  })

  test('a logout ends it here and at the issuer', async () => {
    const { sessions, answer, authorizationServer, profile, clock } = await world()
    const kept = sessions()
    const { json, tokens } = await answer()
    const { id } = await kept.create(json)
    await kept.end(id)
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
    const revoked = (await authorizationServer.controls.requests()).filter(({ endpoint }) => endpoint === 'revoke')
    expect(revoked).toMatchObject([{ parameters: { token_type_hint: 'refresh_token' } }])
    const server = connectAuthorizationServer(profile, { fetch, clock, timeoutMs: 5000 })
    const late = server.grant('refresh_token', { refresh_token: tokens.refreshToken })
    await expect(late).rejects.toMatchObject({ error: 'invalid_grant' })
    await kept.end(id)
  })

  test('a logout of which the store loses its answer ends it at the issuer all the same', async () => {
    const { sessions, answer, store, authorizationServer } = await world()
    const lossy = overStore(store, {
      delete: async (key, options) => {
        await store.delete(key, options)
        throw new StoreError('unavailable', 'the answer is lost')
      },
    })
    const { id } = await sessions({ keys }).create((await answer()).json)
    await expect(sessions({ keys, store: lossy }).end(id)).rejects.toMatchObject({ reason: 'unavailable' })
    await sessions({ keys }).end(id)
    const requests = await authorizationServer.controls.requests()
    expect(requests.filter(({ endpoint }) => endpoint === 'revoke')).toHaveLength(1)
  })

  test('a logout during a refresh wins, and the new token is given back', async () => {
    const { sessions, answer, clock, authorizationServer, msw } = await world()
    const kept = sessions()
    const { id } = await kept.create((await answer()).json)
    clock.advance(3590)
    // It ends while the server's answer is on its way.
    const late = async ({ request }: { request: Request }) => {
      const answered = await getResponse([...authorizationServer.handlers], request)
      await sessions().end(id)
      return answered
    }
    msw.use(http.post('https://tenant.behalf.example/oauth/token', late, { once: true }))
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
    const requests = await authorizationServer.controls.requests()
    expect(requests.filter(({ endpoint }) => endpoint === 'revoke')).toHaveLength(2)
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
  })

  test('an answer for another user is not taken, and ends the session', async () => {
    const { sessions, answer, clock, msw } = await world()
    const kept = sessions()
    const { id } = await kept.create((await answer()).json)
    clock.advance(3590)
    const bob = (await answer('bob')).json
    msw.use(http.post('https://tenant.behalf.example/oauth/token', () => HttpResponse.json(bob), { once: true }))
    await expect(kept.identity(id)).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    expect(await kept.identity(id)).toMatchObject({ status: 'login_required' })
  })

  test('a login is held to its nonce, its id_token, and one person', async () => {
    const { sessions, answer } = await world()
    const kept = sessions()
    const { json, tokens } = await answer()
    const bob = await answer('bob')
    await expect(kept.create(json, { nonce: 'another' })).rejects.toMatchObject({ reason: 'claims' })
    await expect(kept.create({ ...json, id_token: undefined }, { nonce: tokens.nonce })).rejects.toMatchObject({
      reason: 'claims',
    })
    await expect(kept.create({ ...json, id_token: bob.tokens.idToken })).rejects.toMatchObject({
      code: 'ERR_INVALID_TOKEN',
    })
    await expect(sessions({ audience: undefined }).create({ ...json, id_token: undefined })).rejects.toMatchObject({
      reason: 'claims',
    })
    for (const audience of [AGENT, undefined]) {
      const empty = sessions({ audience }).create({ ...json, id_token: '' })
      await expect(empty).rejects.toMatchObject({ reason: 'malformed' })
    }
  })

  test('is for one API: after a deploy for another one its user signs in again', async () => {
    const { sessions, answer, clock } = await world()
    const { id } = await sessions().create((await answer()).json)
    for (const wait of [0, 3700]) {
      clock.advance(wait)
      for (const audience of ['https://other.behalf.example/', undefined]) {
        expect(await sessions({ audience }).identity(id)).toMatchObject({ status: 'login_required' })
      }
    }
    const both = sessions({ audience: ['https://other.behalf.example/', AGENT] })
    expect(await both.identity(id)).toMatchObject({ status: 'verified' })
  })

  test('without an audience the id_token says who it is; a renewal without one leaves no roles', async () => {
    const { sessions, answer, clock, msw } = await world()
    const kept = sessions({ audience: undefined })
    const { id, identity } = await kept.create((await answer()).json)
    expect(identity.subject).toBe('ann')
    clock.advance(3590)
    const { access_token: accessToken } = (await answer()).json as { access_token: string }
    msw.use(
      http.post(
        'https://tenant.behalf.example/oauth/token',
        () => HttpResponse.json({ access_token: accessToken, token_type: 'Bearer', expires_in: 3600 }),
        { once: true },
      ),
    )
    const renewed = await kept.identity(id)
    expect(renewed).toMatchObject({ status: 'verified', identity: { subject: 'ann', sessionId: identity.sessionId } })
    expect(renewed.status === 'verified' && Object.keys(renewed.identity.claims)).toEqual(['iat'])
  })

  test('a token of unknown life is renewed after five minutes, also where a process whose clock is ahead renewed it', async () => {
    const { sessions, answer, clock, msw, refreshes, authorizationServer } = await world()
    const [here, ahead] = [0, 3_600_000].map((by) =>
      sessions({ audience: undefined, clock: { now: () => clock.now() + by } }),
    )
    const { id } = (await here?.create((await answer()).json)) ?? { id: '' }
    const bare = () => HttpResponse.json({ access_token: 'opaque', token_type: 'Bearer', refresh_token: 'r-2' })
    msw.use(http.post('https://tenant.behalf.example/oauth/token', bare, { once: true }))
    expect(await ahead?.identity(id)).toMatchObject({ status: 'verified' })
    await authorizationServer.controls.revokeRefreshTokens('ann')
    clock.advance(301)
    expect(await here?.identity(id)).toMatchObject({ status: 'login_required' })
    expect(await refreshes()).toBe(1)
  })

  test.each([AGENT, undefined])(
    'a renewal without an id_token keeps the last one: by it others are asked (%s)',
    async (audience) => {
      const { sessions, answer, clock, msw } = await world()
      const kept = sessions({ audience })
      const first = await answer()
      const { id } = await kept.create(first.json)
      clock.advance(3590)
      const { access_token } = (await answer()).json as { access_token: string }
      msw.use(
        http.post(
          'https://tenant.behalf.example/oauth/token',
          () => HttpResponse.json({ access_token, token_type: 'Bearer', expires_in: 3600 }),
          { once: true },
        ),
      )
      const renewed = await kept.identity(id)
      const { token, idToken } = (renewed.status === 'verified' && subjectTokenOf(renewed.identity)) || {}
      expect(token && revealToken(token)).toBe(access_token)
      expect(idToken && revealToken(idToken)).toBe(first.tokens.idToken)
    },
  )
})
