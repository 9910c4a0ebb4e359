import { verifies } from '@behalf/testing/requirements'
import { createLocalJWKSet, decodeJwt, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { subjectTokenOf } from '../../../src/entrypoints/identity.ts'
import { entra, generateDpopKey } from '../../../src/entrypoints/providers.ts'
import { rejection } from '../oauth/mock-issuer.ts'
import { API, browser, CALLBACK, ISSUER, queryOf, signedIn, signInWorld } from './sign-in-world.ts'

describe('the authorization request', () => {
  verifies('OIDC-CORE-3.1.2.1-openid', 'whatever scopes the app asks for', async () => {
    const { start, signInAt } = await signInWorld()
    expect(queryOf((await start()).url)).toMatchObject({
      response_type: 'code',
      client_id: 'web',
      redirect_uri: CALLBACK,
      scope: 'openid chat',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    })
    const at = signInAt({ scopes: ['chat', 'openid'] })
    expect(queryOf((await start({}, { at })).url).scope).toBe('openid chat')
  })

  test('state, nonce and challenge are new each time; the cookie of the browser stays, so that two tabs go on', async () => {
    const world = await signInWorld()
    const [first, second] = [await world.start(), await world.start()]
    for (const name of ['state', 'nonce', 'code_challenge']) {
      expect(queryOf(first.url)[name]).not.toBe(queryOf(second.url)[name])
    }
    expect(first.cookie).toBe(second.cookie)
    expect(first.cookie).toMatch(
      /^__Host-behalf-sign-in=[\w-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
    )
    for (const { url } of [second, first]) {
      expect(await world.signIn.complete(await world.visit(url))).toMatchObject({ status: 'signed_in' })
    }
  })

  test('a cookie that no sign-in made is replaced', async () => {
    const world = await signInWorld()
    const victim = browser({ '__Host-behalf-sign-in': 'chosen-by-another' })
    expect((await world.start({}, { by: victim })).cookie).not.toContain('chosen-by-another')
  })

  verifies('RFC8707-2-sign-in', 'in the parameter of the profile', async () => {
    const world = await signInWorld()
    const at = world.signInAt({ resource: API })
    await signedIn(world, {}, at)
    const [redeemed] = await world.forms()
    expect(redeemed?.form.get('resource')).toBe(API)
    const authorizationServer = { ...world.profile, target: 'audience' as const }
    const { url } = await world.start({}, { at: world.signInAt({ resource: API, authorizationServer }) })
    expect(queryOf(url)).toMatchObject({ audience: API })
    expect(queryOf(url)).not.toHaveProperty('resource')
  })

  verifies('RFC9449-10-dpop_jkt', 'where the profile has a key', async () => {
    const dpop = await generateDpopKey()
    const world = await signInWorld({}, { clientSecret: 'a-long-secret-of-the-client', dpop })
    const { url } = await world.start()
    expect(queryOf(url)).toMatchObject({ dpop_jkt: dpop.thumbprint })
    const answer = await world.signIn.complete(await world.visit(url))
    if (answer.status !== 'signed_in') throw new Error(answer.detail)
    expect(subjectTokenOf(answer.identity)).toMatchObject({ keyThumbprint: dpop.thumbprint })
  })

  test('other parameters are those of the app, and never one that the sign-in sets', async () => {
    const { start } = await signInWorld()
    expect(queryOf((await start({ parameters: { prompt: 'login', ui_locales: 'de' } })).url)).toMatchObject({
      prompt: 'login',
      ui_locales: 'de',
    })
    for (const name of ['redirect_uri', 'state', 'nonce', 'request_uri', 'client_id', 'response_mode', 'max_age']) {
      expect(await rejection(start({ parameters: { [name]: 'x' } }))).toMatchObject({
        code: 'ERR_CONFIGURATION',
        option: `start.parameters.${name}`,
      })
    }
  })

  test('a parameter that is undefined is left out, and one that is no text is refused', async () => {
    const world = await signInWorld()
    const of = (parameters: object) => world.start({ parameters: parameters as never })
    const { url } = await of({ login_hint: undefined, prompt: 'login' })
    expect(queryOf(url)).toMatchObject({ prompt: 'login' })
    expect(queryOf(url)).not.toHaveProperty('login_hint')
    for (const value of [null, 5, ['a'], {}]) {
      expect(await rejection(of({ login_hint: value }))).toMatchObject({ option: 'start.parameters.login_hint' })
    }
  })

  test('levels are one or more names: with an empty list, every login would be refused', async () => {
    const world = await signInWorld()
    for (const acrValues of [[], ['gold silver'], ['']]) {
      expect(await rejection(world.start({ acrValues }))).toMatchObject({ option: 'start.acrValues' })
    }
    const { url } = await world.start({ acrValues: ['urn:gold', 'silver'] })
    expect(queryOf(url).acr_values).toBe('urn:gold silver')
  })

  test('a parameter that is no JSON stays text in a signed request, and the server is not blamed for it', async () => {
    const world = await signInWorld()
    const { privateKey } = await generateKeyPair('ES256')
    const at = world.signInAt({ signRequest: { privateKey } })
    for (const claims of ['{"id_token', '{"id_token":{}}']) {
      const { url } = await world.start({ parameters: { claims } }, { at })
      const signed = decodeJwt(queryOf(url).request ?? '')
      expect(signed.claims).toEqual(claims.endsWith('}') ? JSON.parse(claims) : claims)
    }
  })

  test('a browser is sent to https only', async () => {
    for (const endpoint of ['javascript:alert(1)', 'http://login.example.com/authorize', 'nowhere', undefined]) {
      const world = await signInWorld()
      world.wire.answer = async ({ url }) =>
        url.includes('well-known')
          ? Response.json({ issuer: ISSUER, authorization_endpoint: endpoint, end_session_endpoint: endpoint ?? 'x' })
          : undefined
      expect(await rejection(world.start())).toMatchObject({ code: 'ERR_CONFIGURATION' })
      expect(await rejection(world.signIn.logoutUrl())).toMatchObject({ code: 'ERR_CONFIGURATION' })
    }
  })

  test('takes no unknown or impossible option', async () => {
    const { signInAt, signIn, ann } = await signInWorld()
    const wrong: object[] = [
      { redirectUri: undefined },
      { redirectUri: '/callback' },
      { redirectUri: 'http://app.example.com/callback' },
      { redirectUri: `${CALLBACK}#part` },
      { authorizationServer: undefined },
      { authorizationServer: () => undefined },
      { pushRequest: 'yes' },
      { signRequest: true },
      { scopes: ['two words'] },
      { store: undefined },
      { redirect: CALLBACK },
      {
        resource: 'api://x',
        authorizationServer: entra({ tenantId: '2b9f0e8e-1c2d-4e5f-8a9b-0c1d2e3f4a5b', clientId: 'web' }),
      },
    ]
    for (const over of wrong) {
      expect(() => signInAt(over), JSON.stringify(over)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION' }))
    }
    const start = (asked: object) => signIn.start(ann.request('https://app.example.com/login'), asked)
    for (const asked of [{ returnto: '/' }, { maxAgeSeconds: -1 }, { acrValues: 'x' }]) {
      expect(await rejection(start(asked))).toMatchObject({ code: 'ERR_CONFIGURATION' })
    }
  })
})

describe('a pushed request', () => {
  verifies('RFC9126-5-required', 'without a word of the app', async () => {
    const world = await signInWorld({ requiresPushedRequests: true })
    await signedIn(world)
    expect((await world.forms()).map(({ path }) => path)).toEqual(['/oauth/par', '/oauth/token'])
  })

  verifies('RFC9126-4-reference', 'where the app wants it', async () => {
    const world = await signInWorld()
    const { url } = await world.start({}, { at: world.signInAt({ pushRequest: true }) })
    expect(queryOf(url)).toEqual({ client_id: 'web', request_uri: expect.stringMatching(/^urn:/) })
  })

  verifies('RFC9126-2.1-authenticated', 'a server that refuses the client starts nothing', async () => {
    const world = await signInWorld({ requiresPushedRequests: true })
    await signedIn(world)
    const [pushed] = world.sent.filter(({ method }) => method === 'POST')
    expect(pushed?.headers.get('authorization')).toMatch(/^Basic /)
    const other = await signInWorld({ requiresPushedRequests: true }, { clientSecret: 'another' })
    expect(await rejection(other.start())).toMatchObject({ code: 'ERR_OAUTH_RESPONSE', error: 'invalid_client' })
  })

  test('an assertion that is for endpoints is for the endpoint of pushed requests', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const clientAuthentication = {
      method: 'private_key_jwt',
      privateKey,
      algorithm: 'ES256',
      audience: 'endpoint',
    } as const
    const world = await signInWorld({}, { clientAuthentication })
    await rejection(world.start({}, { at: world.signInAt({ pushRequest: true }) }))
    const [pushed] = await world.forms()
    expect(decodeJwt(pushed?.form.get('client_assertion') ?? '').aud).toBe(`${ISSUER}/oauth/par`)
  })

  test('proves the key, and again where the server wants its nonce', async () => {
    const dpop = await generateDpopKey()
    const world = await signInWorld(
      { requiresPushedRequests: true },
      { clientSecret: 'a-long-secret-of-the-client', dpop },
    )
    const { url } = await world.start()
    expect(queryOf(url)).toHaveProperty('request_uri')
    const pushed = world.sent.filter(({ method }) => method === 'POST')
    expect(pushed).toHaveLength(2)
    expect(decodeJwt(pushed[1]?.headers.get('dpop') ?? '')).toMatchObject({ nonce: expect.any(String) })
  })
})

describe('a signed request', () => {
  verifies(['RFC9101-4-object', 'RFC9101-5-client_id'], 'by the key that authenticates the client', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const world = await signInWorld({}, { privateKey, keyId: 'k1' })
    const at = world.signInAt({ signRequest: true, resource: API })
    const { url } = await world.start({ maxAgeSeconds: 60, parameters: { prompt: 'login' } }, { at })
    expect(Object.keys(queryOf(url)).sort()).toEqual(['client_id', 'request'])
    const keys = createLocalJWKSet({ keys: [{ ...(await exportJWK(publicKey)), kid: 'k1' }] })
    const { payload } = await jwtVerify(queryOf(url).request ?? '', keys, { issuer: 'web', audience: ISSUER })
    expect(payload).toMatchObject({
      client_id: 'web',
      response_type: 'code',
      scope: 'openid chat',
      resource: API,
      prompt: 'login',
      max_age: 60,
      code_challenge_method: 'S256',
      jti: expect.any(String),
    })
  })
})
