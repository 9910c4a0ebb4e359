import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect } from 'vitest'
import { createIntrospection } from '../../src/entrypoints/identity.ts'
import { verifyAccessToken } from '../../src/identity/verify-access-token.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../src/oauth/server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../unit/oauth/mock-issuer.ts'

const issuer = 'https://as.example.com'
const as = await mockIssuer(issuer)
as.metadata.introspection_endpoint = `${issuer}/introspect`
as.metadata.mtls_endpoint_aliases = { token_endpoint: 'https://mtls.example.com/token' }
const audience = 'https://api.example.com'

let answer: Record<string, unknown> = {}
let sent: { url: string; type: string | null; authorization: string | null; body: URLSearchParams }[] = []
const handle = async ({ request }: { request: Request }) => {
  const { headers, url } = request
  const body = new URLSearchParams(await request.text())
  sent.push({ url, type: headers.get('content-type'), authorization: headers.get('authorization'), body })
  return HttpResponse.json(answer)
}
const urls = [`${issuer}/introspect`, `${issuer}/bc-authorize`, 'https://mtls.example.com/token']
useMsw(...as.handlers, ...urls.map((url) => http.post(url, handle)))
beforeEach(() => {
  sent = []
  answer = { active: true, sub: 'ann', client_id: 'app', aud: audience, token_type: 'Bearer' }
})

const authorizationServer = oidc({ issuer, clientId: 'api', clientSecret: 'secret' })
const create = (options: object = {}) => createIntrospection({ authorizationServer, audience, ...options })

describe('RFC 7662', () => {
  verifies('RFC7662-2.1-request', 'one form', async () => {
    await create()('mF_9.B5f-4.1JqM')
    expect(sent[0]?.type).toContain('application/x-www-form-urlencoded')
    expect(sent[0]?.url).toBe(`${issuer}/introspect`)
    expect(sent[0]?.body.getAll('token')).toEqual(['mF_9.B5f-4.1JqM'])
  })

  verifies('RFC7662-2.1-authenticated', 'and a public client may not ask', async () => {
    await create()('t')
    expect(sent[0]?.authorization).toBe(`Basic ${btoa('api:secret')}`)
    const anonymous = oidc({ issuer, clientId: 'api' })
    expect(() => create({ authorizationServer: anonymous })).toThrow('authorizationServer')
  })

  verifies('RFC7662-2.2-active', 'whatever else it says', async () => {
    answer.active = false
    expect(await rejection(create()('t'))).toMatchObject({ reason: 'inactive' })
    for (const active of [undefined, 'true', 1]) {
      answer.active = active
      expect(await rejection(create()('t'))).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    }
  })

  verifies('RFC7662-2.2-audience', 'by exact comparison', async () => {
    for (const aud of ['https://other.example.com', [`${audience}/`], undefined]) {
      answer.aud = aud
      expect(await rejection(create()('t'))).toMatchObject({ reason: 'audience' })
    }
    await expect(create({ missingAudience: 'accept' })('t')).resolves.toMatchObject({ subject: 'ann' })
  })

  verifies('RFC7662-4-times', 'at each use', async () => {
    let now = Date.now()
    answer.exp = Math.floor(now / 1000) + 5
    const introspect = create({ cacheSeconds: 600, clock: { now: () => now } })
    await introspect('t')
    now += 36_000
    expect(await rejection(introspect('t'))).toMatchObject({ reason: 'expired' })
  })

  verifies('RFC7662-4-cache', 'not at all, unless asked, and for an hour at most', async () => {
    const introspect = create()
    await introspect('t')
    await introspect('t')
    expect(sent).toHaveLength(2)
    expect(() => create({ cacheSeconds: 3601 })).toThrow('cacheSeconds')
  })

  verifies('RFC7662-4-tls', 'an endpoint of plain http is refused', async () => {
    const plain = await mockIssuer('https://plain.example.com')
    const metadata = { ...plain.metadata, introspection_endpoint: 'http://plain.example.com/introspect' }
    const fetch = async () => HttpResponse.json(metadata)
    const profile = oidc({ issuer: plain.issuer, clientId: 'api', clientSecret: 's' })
    expect(await rejection(create({ authorizationServer: profile, fetch })('t'))).toMatchObject({
      code: 'ERR_INVALID_RESPONSE',
    })
  })
})

describe('RFC 8705', () => {
  const method = 'tls_client_auth'
  const certified = () =>
    connectAuthorizationServer(
      oidc({ issuer, clientId: 'agent', clientAuthentication: { method } }),
      surroundingsOf('test', {}),
    )

  verifies('RFC8705-2-client_id', 'and no secret', async () => {
    answer = { access_token: 'at', token_type: 'Bearer' }
    await certified().grant('client_credentials', {})
    expect(sent[0]?.body.get('client_id')).toBe('agent')
    expect([sent[0]?.authorization, sent[0]?.body.has('client_secret')]).toEqual([null, false])
  })

  verifies('RFC8705-5-aliases', 'endpoint by endpoint', async () => {
    answer = { access_token: 'at', token_type: 'Bearer' }
    await certified().grant('client_credentials', {})
    answer = { auth_req_id: 'r', expires_in: 60 }
    await certified().requestBackchannelAuthentication({ scope: 'openid', login_hint: 'ann' })
    expect(sent.map(({ url }) => url)).toEqual(['https://mtls.example.com/token', `${issuer}/bc-authorize`])
  })

  verifies('RFC8705-3-cnf', 'not even beside a key that was', async () => {
    const token = await as.sign({ ...accessTokenClaims, cnf: { 'x5t#S256': 'x' } })
    const options = { authorizationServer: oidc({ issuer, clientId: 'a' }), audience: accessTokenClaims.aud }
    expect(await rejection(verifyAccessToken(token, options))).toMatchObject({ reason: 'binding' })
  })
})
