import { decodeJwt, generateKeyPair } from 'jose'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { isVerified } from '../../../src/identity/verified.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { entra } from '../../../src/oauth/profiles/entra.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { exchangeToken } from '../../../src/token-exchange/exchange-token.ts'
import { accessTokenClaims, everythingShownBy, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee'
const tenant = await mockIssuer(`https://login.microsoftonline.com/${tenantId}/v2.0`)
const resource = 'https://api.example.com'
const own = { sub: 'agent-app', client_id: 'agent-app', aud: resource, jti: 'j-1' }
const { privateKey } = await generateKeyPair('ES256')
const dpop = await generateDpopKey()

let answer: Record<string, unknown> = {}
let sent: URLSearchParams[] = []
const token = async ({ request }: { request: Request }) => {
  sent.push(new URLSearchParams(await request.text()))
  return HttpResponse.json(answer)
}
useMsw(
  ...as.handlers,
  ...tenant.handlers,
  http.post(`${as.issuer}/token`, token),
  http.post(`${tenant.issuer}/token`, token),
)
beforeEach(async () => {
  sent = []
  answer = { access_token: await as.sign(own), token_type: 'Bearer', expires_in: 300, scope: 'jobs' }
})

const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app', privateKey })
const request = (options: object = {}) => requestAgentIdentity({ authorizationServer, resource, ...options })

describe("the agent's own identity", () => {
  test('comes by a signed assertion, for one API', async () => {
    const identity = await request({ scopes: ['jobs'] })
    expect(identity).toMatchObject({ kind: 'agent', issuer: as.issuer, clientId: 'agent-app' })
    expect('subject' in identity).toBe(false)
    expect(isVerified(identity)).toBe(true)
    expect(subjectTokenOf(identity)).toMatchObject({ type: 'access_token', scopes: ['jobs'], audience: [resource] })
    expect(Object.fromEntries(sent[0] ?? [])).toMatchObject({
      grant_type: 'client_credentials',
      resource,
      scope: 'jobs',
    })
    expect(decodeJwt(sent[0]?.get('client_assertion') ?? '')).toMatchObject({ iss: 'agent-app', sub: 'agent-app' })
  })

  test('may have an opaque token, which the answer describes', async () => {
    answer = { access_token: 'opaque', token_type: 'Bearer', expires_in: 60 }
    const identity = await request()
    expect(identity).toMatchObject({ kind: 'agent', clientId: 'agent-app' })
    expect(identity.expiresAt).toBeLessThanOrEqual(Math.ceil(Date.now() / 1000) + 60)
  })

  test('may be bound to its key', async () => {
    const profile = oidc({ issuer: as.issuer, clientId: 'agent-app', clientSecret: 's', dpop })
    answer = { access_token: await as.sign({ ...own, cnf: { jkt: dpop.thumbprint } }), token_type: 'DPoP' }
    expect(subjectTokenOf(await request({ authorizationServer: profile }))).toMatchObject({
      keyThumbprint: dpop.thumbprint,
    })
    answer = { access_token: await as.sign({ ...own, cnf: { jkt: 'another' } }), token_type: 'DPoP' }
    expect(await rejection(request({ authorizationServer: profile }))).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    // I8: proved, and yet anybody could use it.
    answer = { access_token: await as.sign(own), token_type: 'Bearer' }
    expect(await rejection(request({ authorizationServer: profile }))).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test('is asked of Entra by its scope', async () => {
    const profile = entra({ tenantId, clientId: 'app-1', clientSecret: 's', algorithms: ['ES256'] })
    const claims = { ver: '2.0', aud: 'api-1', oid: 'sp', sub: 'sp', tid: tenantId, azp: 'app-1' }
    answer = { access_token: await tenant.sign(claims, { typ: 'JWT' }), token_type: 'Bearer' }
    const identity = await request({ authorizationServer: profile, resource: 'api://api-1' })
    expect(identity).toMatchObject({ kind: 'agent', tenant: tenantId, clientId: 'app-1' })
    expect(sent[0]?.get('scope')).toBe('api://api-1/.default')
    expect(await rejection(request({ authorizationServer: profile, scopes: ['a'] }))).toMatchObject({
      option: 'requestAgentIdentity.scopes',
    })
  })

  test.each([
    ['a user’s token', { sub: 'ann' }],
    ['another client’s token', { sub: 'other', client_id: 'other' }],
    ['a token for another API', { aud: 'https://other.example.com' }],
    ['a token that ended', { exp: 1 }],
    ['a token bound to a key', { cnf: { jkt: 'x' } }],
  ])('is not %s', async (_name, changes) => {
    const jwt = await as.sign({ ...own, ...changes })
    answer = { access_token: jwt, token_type: 'Bearer' }
    const error = await rejection(request())
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    expect(everythingShownBy(error)).not.toContain(jwt.split('.')[2])
  })

  test('has no more scopes than were asked', async () => {
    answer.scope = 'jobs admin'
    expect(await rejection(request({ scopes: ['jobs'] }))).toMatchObject({ message: expect.stringContaining('admin') })
  })

  test.each([
    ['a public client', { authorizationServer: oidc({ issuer: as.issuer, clientId: 'c' }) }],
    ['no resource', { resource: undefined }],
    ['no profile', { authorizationServer: undefined }],
    ['an empty list of scopes', { scopes: [] }],
    ['an unknown option', { audience: 'x' }],
  ])('is not asked for with %s', async (_name, options) => {
    expect(await rejection(request(options))).toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(sent).toEqual([])
  })
})

test('its token is the actor of an exchange, and its name is in act', async () => {
  const agent = await request()
  const user = await verifyAccessToken(await as.sign(accessTokenClaims), { authorizationServer, audience: resource })
  const [subjectToken, actorToken] = [subjectTokenOf(user), subjectTokenOf(agent)]
  if (subjectToken === undefined || actorToken === undefined) throw new Error('both have one')
  sent = []
  answer = {
    access_token: await as.sign({ ...accessTokenClaims, act: { sub: 'agent-app' } }),
    token_type: 'Bearer',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  }
  const exchanged = await exchangeToken({
    authorizationServer: connectAuthorizationServer(authorizationServer, surroundingsOf('test', {})),
    identity: user,
    subjectToken,
    actorToken,
    actor: { subject: 'agent-app' },
    resource,
    scopes: ['trade:write', 'portfolio:read'],
  })
  expect(exchanged.actor).toEqual({ subject: 'agent-app' })
  expect(decodeJwt(sent[0]?.get('actor_token') ?? '')).toMatchObject({ sub: 'agent-app' })
  expect(sent[0]?.get('actor_token_type')).toBe('urn:ietf:params:oauth:token-type:access_token')
})
