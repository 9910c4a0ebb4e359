import { decodeJwt, EmbeddedJWK, generateKeyPair, jwtVerify } from 'jose'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { everythingShownBy, mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const issuer = 'https://as.example.com'
const elsewhere = 'https://bc.example.net'
const as = await mockIssuer(issuer)
Object.assign(as.metadata, {
  introspection_endpoint: `${issuer}/introspect`,
  backchannel_authentication_endpoint: `${elsewhere}/bc-authorize`,
})
const dpop = await generateDpopKey()
const { privateKey } = await generateKeyPair('ES256')

/** What each endpoint got, and how it answers the next requests: `true` lets them pass. */
let got: { url: string; nonce: unknown; thumbprint: string | undefined; assertion: string | null }[] = []
let wanted: Record<string, string | undefined> = {}
let alwaysRefuse = false
let answer: Record<string, unknown> = {}

async function handle({ request }: { request: Request }): Promise<Response> {
  const proof = request.headers.get('dpop')
  const body = new URLSearchParams(await request.text())
  const { origin, pathname } = new URL(request.url)
  const payload = proof === null ? undefined : (await jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' })).payload
  if (payload !== undefined) expect(payload).toMatchObject({ htm: 'POST', htu: request.url })
  got.push({
    url: pathname,
    nonce: payload?.nonce,
    thumbprint: proof ?? undefined,
    assertion: body.get('client_assertion'),
  })
  const nonce = wanted[origin]
  if (alwaysRefuse || (nonce !== undefined && payload?.nonce !== nonce)) {
    const headers: Record<string, string> = nonce === undefined ? {} : { 'dpop-nonce': nonce }
    return HttpResponse.json({ error: 'use_dpop_nonce' }, { status: 400, headers })
  }
  return HttpResponse.json(answer, { headers: { 'dpop-nonce': `${nonce}+` } })
}

useMsw(
  ...as.handlers,
  ...[`${issuer}/token`, `${issuer}/introspect`, `${elsewhere}/bc-authorize`].map((url) => http.post(url, handle)),
)

beforeEach(() => {
  got = []
  wanted = {}
  alwaysRefuse = false
  answer = { access_token: 'at', token_type: 'DPoP', expires_in: 60 }
})

const profileWith = (options: object = {}): Profile =>
  oidc({ issuer, clientId: 'agent', clientSecret: 's', dpop, ...options })
const connect = (profile: Profile = profileWith()) => connectAuthorizationServer(profile, surroundingsOf('test', {}))

describe('every request to the server', () => {
  test('proves the key', async () => {
    const server = connect()
    expect(await server.grant('client_credentials', {})).toMatchObject({ tokenType: 'dpop' })
    answer = { auth_req_id: 'r', expires_in: 60 }
    await server.requestBackchannelAuthentication({ scope: 'openid', login_hint: 'ann' })
    answer = { active: false }
    await server.introspect('opaque')
    expect(got.map(({ url }) => url)).toEqual(['/token', '/bc-authorize', '/introspect'])
    expect(got.every(({ thumbprint }) => thumbprint !== undefined)).toBe(true)
  })

  test('proves nothing without one, and takes no token that is bound to a key we lack', async () => {
    const server = connect(profileWith({ dpop: undefined }))
    const error = await rejection(server.grant('client_credentials', {}))
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    expect(everythingShownBy(error)).not.toContain('"at"')
    expect(got[0]?.thumbprint).toBeUndefined()
  })
})

describe('a nonce', () => {
  test('is taken from the refusal, and the request sent once more', async () => {
    wanted = { [issuer]: 'n-1' }
    expect(await connect().grant('client_credentials', {})).toMatchObject({ accessToken: 'at' })
    expect(got.map(({ nonce }) => nonce)).toEqual([undefined, 'n-1'])
  })

  test('is kept for the next request with the same profile, and renewed by every answer', async () => {
    wanted = { [issuer]: 'n-1' }
    const profile = profileWith()
    await connect(profile).grant('client_credentials', {})
    wanted = { [issuer]: 'n-1+' }
    await connect(profile).grant('client_credentials', {})
    expect(got.map(({ nonce }) => nonce)).toEqual([undefined, 'n-1', 'n-1+'])
  })

  test('of one origin never goes to another', async () => {
    wanted = { [issuer]: 'n-as', [elsewhere]: 'n-bc' }
    const server = connect()
    await server.grant('client_credentials', {})
    answer = { auth_req_id: 'r', expires_in: 60 }
    await server.requestBackchannelAuthentication({ scope: 'openid', login_hint: 'ann' })
    expect(got.filter(({ url }) => url === '/bc-authorize').map(({ nonce }) => nonce)).toEqual([undefined, 'n-bc'])
  })

  test('that is refused again ends the request: no third try', async () => {
    wanted = { [issuer]: 'n-1' }
    alwaysRefuse = true
    expect(await rejection(connect().grant('client_credentials', {}))).toMatchObject({
      error: 'use_dpop_nonce',
      status: 400,
    })
    expect(got).toHaveLength(2)
  })

  test('that is asked for and not given ends it at once', async () => {
    alwaysRefuse = true
    expect(await rejection(connect().grant('client_credentials', {}))).toMatchObject({ error: 'use_dpop_nonce' })
    expect(got).toHaveLength(1)
  })

  test.each(['two words', '"quoted"', 'x'.repeat(1025)])('is no nonce when it is %j', async (nonce) => {
    wanted = { [issuer]: nonce }
    expect(await rejection(connect().grant('client_credentials', {}))).toMatchObject({ error: 'use_dpop_nonce' })
    expect(got).toHaveLength(1)
  })

  test('brings a client assertion of its own', async () => {
    wanted = { [issuer]: 'n-1' }
    await connect(profileWith({ clientSecret: undefined, privateKey })).grant('client_credentials', {})
    const ids = got.map(({ assertion }) => decodeJwt(assertion ?? '').jti)
    expect(ids).toHaveLength(2)
    expect(new Set(ids).size).toBe(2)
  })

  test('is asked for by introspection too', async () => {
    wanted = { [issuer]: 'n-1' }
    answer = { active: true, sub: 'ann' }
    expect(await connect().introspect('opaque')).toEqual({ active: true, claims: { sub: 'ann' } })
    expect(got.map(({ nonce }) => nonce)).toEqual([undefined, 'n-1'])
  })
})
