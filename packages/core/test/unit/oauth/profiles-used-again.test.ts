// An app that spreads a profile into an object of its own, and fills that in for its next issuer.
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { createIntrospection } from '../../../src/entrypoints/identity.ts'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { createResourceServer } from '../../../src/entrypoints/resource-server.ts'
import { verifyAccessToken } from '../../../src/index.ts'
import { accessTokenClaims, mockIssuer, useMsw } from './mock-issuer.ts'

const first = await mockIssuer('https://first.example.com')
const next = await mockIssuer('https://next.example.com')
useMsw(...first.handlers, ...next.handlers)

const { aud: audience } = accessTokenClaims
const profileOf = (issuer: string) => oidc({ issuer, clientId: 'agent-app', clientSecret: 'a-client-secret' })
const spread = () => ({ ...profileOf(first.issuer) })
const fillIn = (profile: ReturnType<typeof spread>) => Object.assign(profile, profileOf(next.issuer))
const claims = { ...accessTokenClaims, exp: Math.floor(Date.now() / 1000) + 300 }

describe(verifies('I12', 'a profile that an app fills in again'), () => {
  test('is the next issuer’s: the first one signs no token of it', async () => {
    const profile = spread()
    const options = { authorizationServer: profile, audience }
    await verifyAccessToken(await first.sign(claims), options)
    fillIn(profile)
    const forged = await first.sign({ ...claims, iss: next.issuer })
    await expect(verifyAccessToken(forged, options)).rejects.toMatchObject({ code: 'ERR_INVALID_TOKEN' })
    expect(await verifyAccessToken(await next.sign(claims), options)).toMatchObject({ issuer: next.issuer })
  })

  test('is the next issuer’s where it is looked up by issuer', async () => {
    const profile = spread()
    const options = { authorizationServer: () => profile, audience }
    const api = createResourceServer(options)
    const ask = async (token: string) =>
      (await api.protect(new Request(audience, { headers: { authorization: `Bearer ${token}` } }))).ok
    expect(await ask(await first.sign(claims))).toBe(true)
    fillIn(profile)
    expect(await ask(await first.sign({ ...claims, iss: next.issuer }))).toBe(false)
    expect(await ask(await next.sign(claims))).toBe(true)
  })

  test('stays the first issuer’s for what was made with it', async () => {
    const profile = spread()
    const api = createResourceServer({ authorizationServer: profile, audience })
    fillIn(profile)
    const ask = async (token: string) =>
      (await api.protect(new Request(audience, { headers: { authorization: `Bearer ${token}` } }))).ok
    expect(await ask(await first.sign(claims))).toBe(true)
    expect(await ask(await next.sign(claims))).toBe(false)
  })

  test('does not change whose an opaque token is', async () => {
    const profile = spread()
    const asked: string[] = []
    const fetch = async (input: string | URL | Request) => {
      const { href } = new URL(input instanceof Request ? input.url : input)
      asked.push(href)
      const { issuer } = first
      if (href.includes('.well-known')) return Response.json({ issuer, introspection_endpoint: `${issuer}/introspect` })
      return Response.json({ active: true, sub: 'ann', client_id: 'app', aud: audience, token_type: 'Bearer' })
    }
    const introspect = createIntrospection({ authorizationServer: profile, audience, fetch })
    const answer = introspect('an-opaque-token')
    fillIn(profile)
    expect(await answer).toMatchObject({ issuer: first.issuer })
    expect(asked.every((url) => url.startsWith(first.issuer))).toBe(true)
  })

  test('shares what is known of its issuer for as long as it says the same', async () => {
    const profile = spread()
    const before = first.requests.length
    const verify = async () => verifyAccessToken(await first.sign(claims), { authorizationServer: profile, audience })
    await verify()
    await verify()
    expect(first.requests.slice(before)).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks'])
  })
})
