import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { createSessions, verifyIdToken } from '../../../src/entrypoints/identity.ts'
import { generateDpopKey, importDpopKey, type OidcOptions, oidc } from '../../../src/entrypoints/providers.ts'
import { createResourceServer, type DpopOptions } from '../../../src/entrypoints/resource-server.ts'
import { memoryStore } from '../../../src/index.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { ISSUER, queryOf, signedIn, signInWorld } from './sign-in-world.ts'

const keyPair = () => crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify'])

describe('UserInfo', () => {
  const claims = { sub: 'ann', name: 'Ann Archer', email: 'ann@example.com' }

  test('returns the claims of the user, by the access token behind the identity', async () => {
    const world = await signInWorld()
    const { identity } = await signedIn(world, {}, world.signInAt({ scopes: ['profile', 'email', 'chat'] }))
    expect(await world.signIn.userInfo(identity)).toMatchObject(claims)
  })

  test('a bound token is presented with a proof for this request', async () => {
    const dpop = await generateDpopKey()
    const world = await signInWorld({}, { clientSecret: 'a-long-secret-of-the-client', dpop })
    const { identity } = await signedIn(world)
    expect(await world.signIn.userInfo(identity)).toMatchObject({ sub: 'ann' })
    const other = world.signInAt({ authorizationServer: { ...world.profile, dpop: await generateDpopKey() } })
    expect(await rejection(other.userInfo(identity))).toMatchObject({ reason: 'binding' })
  })

  verifies('OIDC-CORE-5.3.2-sub', 'however it is written', async () => {
    const world = await signInWorld()
    const { identity } = await signedIn(world)
    for (const sub of ['bob', 'Ann', ['ann'], undefined]) {
      world.wire.answer = async ({ url }) => (url.endsWith('/userinfo') ? Response.json({ ...claims, sub }) : undefined)
      const error = await rejection(world.signIn.userInfo(identity))
      expect(error).toMatchObject({ code: sub === undefined ? 'ERR_INVALID_RESPONSE' : 'ERR_INVALID_TOKEN' })
      expect(inspect(error)).not.toContain('Archer')
    }
  })

  test('no other server gets the token, nor an address that is not https', async () => {
    const world = await signInWorld()
    const { identity } = await signedIn(world)
    const other = world.signInAt({ authorizationServer: oidc({ issuer: 'https://evil.example', clientId: 'web' }) })
    expect(await rejection(other.userInfo(identity))).toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    const made = { ...identity } as never
    expect(await rejection(world.signIn.userInfo(made))).toMatchObject({ code: 'ERR_IDENTITY_REQUIRED' })
    for (const endpoint of ['http://login.example.com/userinfo', 'https://169.254.169.254/', 'nowhere', undefined]) {
      world.sent.length = 0
      world.wire.answer = async ({ url }) =>
        url.includes('well-known') ? Response.json({ issuer: ISSUER, userinfo_endpoint: endpoint }) : undefined
      const fresh = world.signInAt({ authorizationServer: { ...world.profile } })
      await rejection(fresh.userInfo(identity))
      expect(world.sent.filter((request) => request.headers.has('authorization'))).toEqual([])
    }
  })

  test.each([
    [401, {}, { code: 'ERR_INVALID_TOKEN', reason: 'inactive' }],
    [403, {}, { code: 'ERR_INVALID_RESPONSE' }],
    [503, {}, { code: 'ERR_TRANSPORT' }],
    [200, 'a.signed.jwt', { code: 'ERR_INVALID_RESPONSE' }],
    [200, null, { code: 'ERR_INVALID_RESPONSE' }],
    [302, {}, { code: 'ERR_INVALID_RESPONSE' }],
  ])('an answer of %i and %j is a typed error', async (status, body, end) => {
    const world = await signInWorld()
    const { identity } = await signedIn(world)
    world.wire.answer = async ({ url }) =>
      url.endsWith('/userinfo')
        ? new Response(JSON.stringify(body), { status, headers: { location: 'https://evil.example/' } })
        : undefined
    expect(await rejection(world.signIn.userInfo(identity))).toMatchObject(end)
  })
})

describe('a fetch as the user', () => {
  const api = 'https://api.example.com'
  const bound = { clientSecret: 'a-long-secret-of-the-client' }

  /** The app's API, which answers each verified request with its user. */
  async function withApi(client: Partial<OidcOptions> = bound, dpop?: DpopOptions) {
    const world = await signInWorld({}, client)
    const { profile, clock } = world
    const { fetch } = world
    const server = createResourceServer({ authorizationServer: profile, audience: `${api}/`, fetch, clock, dpop })
    world.wire.answer = async (request) => {
      if (!request.url.startsWith(api)) return undefined
      const caller = await server.protect(request, { scopes: ['chat'] })
      if (!caller.ok) return caller.response
      const { headers, identity } = caller
      return Response.json(identity.kind === 'user' ? identity.subject : undefined, { headers })
    }
    const at = world.signInAt({ resource: `${api}/` })
    const asked = () => world.sent.filter(({ url }) => url.startsWith(api))
    const { identity, tokens, nonce } = await signedIn(world, {}, at)
    return { world, at, asked, identity, tokens, nonce }
  }

  test('presents the access token to the origins that the app names, and to no others', async () => {
    const { at, identity, asked } = await withApi()
    const send = at.fetchAs(identity, { origins: [api] })
    expect(await (await send(`${api}/orders`)).json()).toBe('ann')
    expect(asked()[0]?.headers.get('authorization')).toMatch(/^Bearer /)
    expect(await rejection(send('https://evil.example/'))).toMatchObject({ reason: 'origin' })
    const own = { headers: { authorization: 'Bearer mine' } }
    expect(await rejection(send(api, own))).toMatchObject({ reason: 'authorization_header' })
    expect(asked()).toHaveLength(1)
  })

  test('a bound token goes with a proof for each request, and again with the nonce that the API wants', async () => {
    const nonces = { secret: crypto.getRandomValues(new Uint8Array(32)) }
    const dpop = { store: memoryStore(), required: true, nonces }
    const { at, identity, tokens, asked } = await withApi({ ...bound, dpop: await generateDpopKey() }, dpop)
    expect(tokens.tokenType).toBe('dpop')
    const send = at.fetchAs(identity, { origins: [api] })
    for (const method of ['GET', 'POST', 'POST']) {
      expect(await (await send(`${api}/orders?page=1`, { method })).json()).toBe('ann')
    }
    // The first request had no nonce.
    expect(asked()).toHaveLength(4)
    expect(new Set(asked().map(({ headers }) => headers.get('dpop'))).size).toBe(4)
  })

  test('the identity of a session has one, too', async () => {
    const { world, at, tokens, nonce } = await withApi({ ...bound, dpop: await importDpopKey(await keyPair()) })
    const { profile: authorizationServer, store, fetch, clock } = world
    const sessions = createSessions({ authorizationServer, store, audience: `${api}/`, fetch, clock })
    const { id } = await sessions.create(tokens, { nonce })
    const found = await sessions.identity(id)
    if (found.status !== 'verified' || found.identity.kind !== 'user') throw new Error(found.status)
    world.wire.answer = async ({ url, headers }) =>
      url.startsWith(api) ? Response.json([headers.get('authorization'), headers.has('dpop')]) : undefined
    const send = at.fetchAs(found.identity, { origins: [api] })
    expect(await (await send(api)).json()).toEqual([`DPoP ${tokens.accessToken}`, true])
  })

  test('a demand of the API for another login is a StepUpRequiredError', async () => {
    const { world, at, identity } = await withApi()
    const challenge = 'Bearer error="insufficient_user_authentication", acr_values="mfa"'
    world.wire.answer = async () => new Response(null, { status: 401, headers: { 'www-authenticate': challenge } })
    const error = await rejection(at.fetchAs(identity, { origins: [api] })(api))
    expect(error).toMatchObject({ code: 'ERR_STEP_UP_REQUIRED', stepUp: { acrValues: ['mfa'] } })
  })

  test('is refused for an identity without a token of this server, and without exact origins', async () => {
    const { at, identity, world } = await withApi()
    const made = { ...identity } as never
    const asIt =
      (who: typeof identity, options: object, by = at) =>
      () =>
        by.fetchAs(who, options as never)
    expect(asIt(made, { origins: [api] })).toThrow(expect.objectContaining({ code: 'ERR_IDENTITY_REQUIRED' }))
    const evil = world.signInAt({ authorizationServer: oidc({ issuer: 'https://evil.example', clientId: 'web' }) })
    expect(asIt(identity, { origins: [api] }, evil)).toThrow(expect.objectContaining({ code: 'ERR_IDENTITY_REQUIRED' }))
    for (const wrong of [{}, { origins: [] }, { origins: [`${api}/`] }, { origins: ['http://api.example.com'] }]) {
      expect(asIt(identity, wrong)).toThrow('fetchAs.origins')
    }
    expect(asIt(identity, { origins: [api], origin: api })).toThrow('fetchAs.origin:')
  })
})

describe('logout', () => {
  verifies('RP-LOGOUT-3-state', 'as the app gave it', async () => {
    const world = await signInWorld()
    const { identity } = await signedIn(world)
    const url = (await world.signIn.logoutUrl({ identity, state: 'a b&c=d' })) ?? ''
    expect(queryOf(url).state).toBe('a b&c=d')
    const back = (await world.fetch(url)).headers.get('location') ?? ''
    expect(back).toBe('https://app.example.com/?state=a+b%26c%3Dd')
    for (const state of ['', 1, null]) {
      expect(await rejection(world.signIn.logoutUrl({ state: state as never }))).toMatchObject({
        option: 'logoutUrl.state',
      })
    }
    expect(await rejection(world.signIn.logoutUrl({ sate: 'x' } as never))).toMatchObject({ option: 'logoutUrl.sate' })
  })

  verifies(['RP-LOGOUT-2-hint', 'RP-LOGOUT-3-redirect'], 'and the server sends the browser back', async () => {
    const world = await signInWorld()
    const answer = await signedIn(world)
    const url = (await world.signIn.logoutUrl({ identity: answer.identity, returnTo: '/bye' })) ?? ''
    expect(queryOf(url)).toEqual({
      client_id: 'web',
      id_token_hint: answer.tokens.idToken,
      post_logout_redirect_uri: 'https://app.example.com/bye',
    })
    const { profile: authorizationServer, fetch, clock } = world
    const byIdToken = await verifyIdToken(answer.tokens.idToken ?? '', { authorizationServer, fetch, clock })
    const { id_token_hint: hint } = queryOf((await world.signIn.logoutUrl({ identity: byIdToken })) ?? '')
    expect(hint).toBe(answer.tokens.idToken)
    expect((await world.fetch(url)).headers.get('location')).toBe('https://app.example.com/bye')
    for (const returnTo of ['https://evil.example/', '//evil.example']) {
      const elsewhere = (await world.signIn.logoutUrl({ returnTo })) ?? ''
      expect(queryOf(elsewhere)).toEqual({ client_id: 'web', post_logout_redirect_uri: 'https://app.example.com/' })
    }
  })

  test('ends a session while its server is down, and returns what the page of the server needs afterwards', async () => {
    const world = await signInWorld()
    const { profile: authorizationServer, store, fetch, clock } = world
    const sessions = createSessions({ authorizationServer, store, fetch, clock })
    const answer = await signedIn(world, {}, world.signInAt({ scopes: ['chat', 'offline_access'] }))
    const { id } = await sessions.create(answer.tokens, { nonce: answer.nonce })
    world.advance(24 * 3600)
    world.wire.answer = async () => new Response(null, { status: 503 })
    expect(await rejection(sessions.identity(id))).toMatchObject({ code: 'ERR_TRANSPORT' })
    const ended = await sessions.end(id)
    expect(await sessions.identity(id)).toMatchObject({ status: 'login_required' })
    expect(`${inspect(ended, { showHidden: true })} ${JSON.stringify(ended)}`).not.toContain(answer.tokens.idToken)
    const other = world.signInAt({ authorizationServer: { ...authorizationServer } })
    expect(await rejection(other.logoutUrl({ ended }))).toMatchObject({ code: 'ERR_TRANSPORT' })
    world.wire.answer = async () => undefined
    expect(queryOf((await other.logoutUrl({ ended })) ?? '')).toMatchObject({ id_token_hint: answer.tokens.idToken })
    const elsewhere = { issuer: 'https://evil.example', idToken: ended?.idToken }
    expect(await other.logoutUrl({ ended: elsewhere as never })).not.toContain('id_token_hint')
    expect(await sessions.end(id)).toBeUndefined()
  })

  test('a server without such a page has no address, and another server gets no id_token', async () => {
    const world = await signInWorld()
    const { identity } = await signedIn(world)
    world.wire.answer = async ({ url }) =>
      url.includes('well-known')
        ? Response.json({
            issuer: new URL(url).origin,
            end_session_endpoint: url.includes('evil') ? `${url}/out` : undefined,
          })
        : undefined
    const plain = world.signInAt({ authorizationServer: { ...world.profile } })
    expect(await plain.logoutUrl({ identity })).toBeUndefined()
    const evil = world.signInAt({ authorizationServer: oidc({ issuer: 'https://evil.example', clientId: 'web' }) })
    expect(await evil.logoutUrl({ identity })).not.toContain('id_token_hint')
  })
})
