import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { createIntrospection, requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { auth0 } from '../../../src/oauth/profiles/auth0.ts'
import { entra } from '../../../src/oauth/profiles/entra.ts'
import { keycloak } from '../../../src/oauth/profiles/keycloak.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { okta } from '../../../src/oauth/profiles/okta.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import { spring } from '../../../src/oauth/profiles/spring.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { redeemIdJag } from '../../../src/token-exchange/redeem-id-jag.ts'
import type { IdJag } from '../../../src/token-exchange/request-id-jag.ts'
import { mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
as.metadata.introspection_endpoint = `${as.issuer}/introspect`
let answer: Record<string, unknown> = {}
useMsw(
  ...as.handlers,
  http.post(`${as.issuer}/token`, () => HttpResponse.json(answer)),
  http.post(`${as.issuer}/introspect`, () => HttpResponse.json(answer)),
)
beforeEach(() => {
  answer = {}
})

const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee'
const clientId = 'agent-app'
/** An API whose identifier is the client's own id, where the audience cannot tell an id_token apart. */
const verify = async (profile: Profile, claims: object, header: object = { typ: 'JWT' }) =>
  verifyAccessToken(await as.sign({ sub: 'ann', aud: clientId, ...claims }, header), {
    authorizationServer: { ...profile, issuer: as.issuer, algorithms: ['ES256'] },
    audience: clientId,
  })
const lax = oidc({
  issuer: as.issuer,
  clientId,
  clientSecret: 's',
  token: { accessTokenTypes: ['at+jwt', 'jwt', ''] },
})

describe('an id_token without nonce, for an API that is called as the client is,', () => {
  test.each<[string, Profile, object]>([
    ['Auth0', auth0({ domain: 'tenant.auth0.com', clientId }), { sid: 's-1' }],
    ['Auth0, with azp', auth0({ domain: 'tenant.auth0.com', clientId }), { azp: clientId }],
    ['Okta', okta({ domain: 'example.okta.com', authorizationServer: 'default', clientId }), { ver: 1, jti: 'j' }],
    [
      'Keycloak',
      keycloak({ url: 'https://id.example.com', realm: 'r', clientId }),
      { typ: 'ID', azp: clientId, jti: 'j' },
    ],
    ['Spring', spring({ issuer: as.issuer, clientId }), { azp: clientId, jti: 'j', auth_time: 7 }],
    ['Spring, with a start', spring({ issuer: as.issuer, clientId }), { azp: clientId, jti: 'j', nbf: 1 }],
    ['Spring, without azp', spring({ issuer: as.issuer, clientId }), { jti: 'j' }],
    ['Entra', entra({ tenantId, clientId }), { ver: '2.0', oid: 'o', tid: tenantId, azp: clientId }],
    ['plain OpenID Connect, with JWT admitted', lax, { jti: 'j' }],
    ['the same, with a client_id', lax, { jti: 'j', client_id: clientId, auth_time: 7 }],
  ])(verifies('I7', 'is no access token of %s'), async (_, profile, claims) => {
    expect(await rejection(verify(profile, claims))).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
  })
})

describe('a token whose type does not tell', () => {
  const user = { client_id: clientId, jti: 'j' }
  const api = { ...user, aud: ['https://api.example.com', 'other'] }
  const verifyForApi = async (claims: object) =>
    verifyAccessToken(await as.sign({ sub: 'ann', ...api, ...claims }, { typ: 'JWT' }), {
      authorizationServer: lax,
      audience: 'https://api.example.com',
    })

  test.each(['nonce', 'at_hash', 'c_hash', 's_hash'])('is refused with the claim %s', async (claim) => {
    expect(await rejection(verifyForApi({ [claim]: 'x' }))).toMatchObject({ reason: 'type' })
  })

  test('is refused with the time of a login that is told to a client, and taken with it otherwise', async () => {
    expect(await verifyForApi({ auth_time: 7 })).toMatchObject({ authTime: 7 })
    for (const aud of [clientId, ['https://api.example.com', clientId], ['https://api.example.com', 'web']]) {
      const claims = { aud, auth_time: 7, client_id: [aud].flat().includes('web') ? 'web' : clientId }
      const audience = [aud].flat()[0] as string
      const token = await as.sign({ sub: 'ann', jti: 'j', ...claims }, { typ: 'JWT' })
      expect(await rejection(verifyAccessToken(token, { authorizationServer: lax, audience }))).toMatchObject({
        reason: 'type',
      })
    }
  })

  test('is taken on the word of the profile, and of a type of its own', async () => {
    const told = oidc({
      issuer: as.issuer,
      clientId,
      token: { accessTokenTypes: ['jwt'], isAccessToken: ({ use }) => use === 'access' },
    })
    expect(await verify(told, { ...user, auth_time: 7, use: 'access' })).toMatchObject({ authTime: 7 })
    expect(await rejection(verify(told, { ...user, use: 'id' }))).toMatchObject({ reason: 'type' })
    expect(await verify(lax, { ...user, auth_time: 7 }, { typ: 'at+jwt' })).toMatchObject({ authTime: 7 })
  })
})

describe('a profile that admits JWT or no type', () => {
  const make = (token: object) => () => oidc({ issuer: as.issuer, clientId, token })

  test.each([[['jwt']], [['']], [['at+jwt', 'jwt']]])(
    verifies('I7', 'with %j has to say what tells an access token'),
    (types) => {
      for (const requiredClaims of [[], ['sub', 'iat', 'jti', 'azp', 'sid']]) {
        expect(make({ accessTokenTypes: types, requiredClaims })).toThrow(
          expect.objectContaining({ code: 'ERR_CONFIGURATION', option: 'oidc.token.isAccessToken' }),
        )
      }
    },
  )

  test('says it by a function, or by a claim that no id_token has', () => {
    expect(make({ accessTokenTypes: ['jwt'], requiredClaims: [], isAccessToken: () => true })).not.toThrow()
    for (const claim of ['client_id', 'cid', 'scope', 'scp']) {
      expect(make({ accessTokenTypes: ['jwt'], requiredClaims: [claim] })).not.toThrow()
    }
    expect(make({ accessTokenTypes: ['at+jwt'], requiredClaims: [] })).not.toThrow()
  })
})

describe('an id_token that is issued in place of an access token', () => {
  const idToken = () =>
    as.sign({ sub: clientId, aud: clientId, client_id: clientId, jti: 'j', nonce: 'n' }, { typ: 'JWT' })

  test('is not taken as the agent’s own', async () => {
    answer = { access_token: await idToken(), token_type: 'Bearer' }
    expect(await rejection(requestAgentIdentity({ authorizationServer: lax, resource: clientId }))).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('no access token'),
    })
  })

  test('is not taken for an assertion', async () => {
    answer = { access_token: await idToken(), token_type: 'Bearer' }
    const idJag: IdJag = {
      assertion: new Token('an.assertion.x'),
      resource: clientId,
      scopes: ['a'],
      expiresAt: Date.now(),
      audience: as.issuer,
    }
    const authorizationServer = connectAuthorizationServer(lax, surroundingsOf('test', {}))
    expect(await rejection(redeemIdJag({ authorizationServer, idJag }))).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('no access token'),
    })
  })

  test('is not taken where the issuer is asked about it and does not say what it is', async () => {
    const introspect = createIntrospection({ authorizationServer: lax, audience: clientId })
    const claims = { active: true, sub: 'ann', aud: clientId, client_id: clientId }
    for (const more of [{ nonce: 'n' }, { auth_time: 7 }]) {
      answer = { ...claims, ...more }
      expect(await rejection(introspect(JSON.stringify(more)))).toMatchObject({ reason: 'type' })
      answer = { ...claims, ...more, token_type: 'Bearer' }
      expect(await introspect(`${JSON.stringify(more)}-named`)).toMatchObject({ subject: 'ann' })
    }
  })
})

describe('a token of Spring, without a type,', () => {
  const profile = spring({ issuer: as.issuer, clientId, interactiveClients: ['web'] })
  const untyped = { typ: undefined as never }
  const own = { jti: 'j', nbf: 1, scope: ['trade'] }

  test('is of the client that is its lone audience, where that is ours, and of client_id where it has one', async () => {
    expect(await verify(profile, own, untyped)).toMatchObject({ kind: 'user', subject: 'ann', clientId })
    const other = { ...own, client_id: 'other' }
    expect(await verify(profile, other, untyped)).toMatchObject({ kind: 'user', clientId: 'other' })
  })

  test.each([
    ['a lone audience that may be an API', { aud: 'https://api.example.com' }],
    ['several audiences', { aud: [clientId, 'web'] }],
    ['a client_id that is no text', { aud: ['https://api.example.com'], client_id: ['agent-app'] }],
    ['the note of a logout', { nbf: undefined as never, events: {} }],
  ])('is refused with %s', async (_name, over) => {
    const token = await as.sign({ sub: 'ann', aud: clientId, ...own, ...over }, untyped)
    const audience = [clientId, 'https://api.example.com']
    const authorizationServer = { ...profile, algorithms: ['ES256'] }
    expect(await rejection(verifyAccessToken(token, { authorizationServer, audience }))).toMatchObject({
      reason: 'type',
    })
  })

  test('is the client’s own where its subject is the client', async () => {
    expect(await verify(profile, { ...own, sub: clientId }, untyped)).toMatchObject({ kind: 'agent' })
  })
})

test('an access token of Auth0’s own dialect is one', async () => {
  const claims = { aud: [clientId, 'https://tenant.auth0.com/userinfo'], azp: 'web', scope: 'openid' }
  const profile = auth0({ domain: 'tenant.auth0.com', clientId })
  expect(await verify(profile, claims)).toMatchObject({ subject: 'ann', clientId: 'web' })
})
