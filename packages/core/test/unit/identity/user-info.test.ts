import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { verifyIdToken } from '../../../src/entrypoints/identity.ts'
import { generateDpopKey, oidc } from '../../../src/entrypoints/providers.ts'
import { rejection } from '../authorization-server/mock-issuer.ts'
import { ISSUER, queryOf, signedIn, signInWorld } from './sign-in-world.ts'

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

describe('logout', () => {
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
