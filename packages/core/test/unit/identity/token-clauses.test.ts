import { exportJWK, generateKeyPair } from 'jose'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { requestAgentIdentity } from '../../../src/identity/request-agent-identity.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { verifyIdToken } from '../../../src/identity/verify-id-token.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const audience = accessTokenClaims.aud
let answer: Record<string, unknown> = {}
const msw = useMsw(
  ...as.handlers,
  http.post(`${as.issuer}/token`, () => HttpResponse.json(answer)),
)
const profile = () => oidc({ issuer: as.issuer, clientId: 'agent-app', clientSecret: 's', algorithms: ['ES256'] })

test('an access token of its own type may have claims that an id_token has; one of type JWT may not', async () => {
  const options = { authorizationServer: profile(), audience }
  const token = (typ: string) => as.sign({ ...accessTokenClaims, nonce: 'n-1' }, { typ })
  expect(await verifyAccessToken(await token('at+jwt'), options)).toMatchObject({ subject: 'ann' })
  const lax = oidc({ issuer: as.issuer, clientId: 'agent-app', token: { accessTokenTypes: ['at+jwt', 'jwt'] } })
  const confused = verifyAccessToken(await token('JWT'), { ...options, authorizationServer: lax })
  expect(await rejection(confused)).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'type' })
})

test.each(['', 'Wt0kVFXMacqvnHeyU0001w'])(
  'the hash of an access token, %j, proves nothing where its algorithm defines none',
  async (at_hash) => {
    const { publicKey, privateKey } = await generateKeyPair('ML-DSA-44')
    const kid = crypto.randomUUID()
    as.keys.push({ ...(await exportJWK(publicKey)), kid, alg: 'ML-DSA-44', use: 'sig' })
    const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app', algorithms: ['ML-DSA-44'] })
    const header = { alg: 'ML-DSA-44', kid, typ: 'JWT' }
    const verify = async (claims: object) =>
      verifyIdToken(await as.sign({ sub: 'ann', aud: 'agent-app', ...claims }, header, privateKey), {
        authorizationServer,
        accessToken: 'opaque',
      })
    expect(await verify({})).toMatchObject({ subject: 'ann' })
    expect(await rejection(verify({ at_hash }))).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'binding' })
  },
)

describe('the token of an agent itself', () => {
  const own = { sub: 'agent-app', client_id: 'agent-app', aud: audience, jti: 'j-1' }
  const request = (authorizationServer = profile()) => requestAgentIdentity({ authorizationServer, resource: audience })
  beforeEach(async () => {
    answer = { access_token: await as.sign(own), token_type: 'Bearer', expires_in: 300 }
  })

  test('is its own by its client too, and not by its subject alone', async () => {
    expect(await request()).toMatchObject({ clientId: 'agent-app' })
    answer.access_token = await as.sign({ ...own, client_id: 'other' })
    expect(await rejection(request())).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
      message: expect.stringContaining('another client'),
    })
  })

  test('that cannot be verified for want of keys is an outage, and no bad one', async () => {
    msw.use(http.get(`${as.issuer}/jwks`, () => new HttpResponse(null, { status: 503 })))
    expect(await rejection(request())).toMatchObject({ code: 'ERR_TRANSPORT' })
  })
})
