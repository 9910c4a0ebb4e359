import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { allowInsecureLoopback } from '../../../src/oauth/profiles/profile.ts'
import { boundedRequest } from '../../../src/oauth/requests/bounded-request.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const audience = accessTokenClaims.aud
const issuer = 'https://as.example.com'
const place = `${issuer}/.well-known/openid-configuration`
const as = await mockIssuer(issuer)
const server = useMsw(...as.handlers)
const surroundings = surroundingsOf('test', { timeoutMs: 3_000 })
const profile = (options: object = {}) => oidc({ issuer, clientId: 'agent-app', clientSecret: 'secret', ...options })
const connect = (options?: object) => connectAuthorizationServer(profile(options), surroundings)
const token = await as.sign(accessTokenClaims)
const metadataIs = (metadata: object) => server.use(http.get(place, () => HttpResponse.json(metadata)))

beforeEach(() => {
  as.requests.length = 0
})

describe('the issuer check', () => {
  test.each([
    ['another issuer', 'https://evil.example.com'],
    ['a trailing slash', 'https://as.example.com/'],
    ['another spelling of the same URL', 'https://AS.example.com'],
    ['the same URL with its default port', 'https://as.example.com:443'],
  ])('refuses metadata with %s', async (_name, other) => {
    metadataIs({ ...as.metadata, issuer: other })
    const error = await rejection(connect().verifyJwt(token, { audience }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test('says which two issuers differ where the library would have let them pass', async () => {
    metadataIs({ ...as.metadata, issuer: 'https://as.example.com/' })
    const error = await rejection(connect().verifyJwt(token, { audience }))
    expect(error).toMatchObject({ message: expect.stringContaining('"https://as.example.com/"') })
  })

  test('takes no metadata URL for an issuer', () => {
    expect(() => profile({ issuer: place })).toThrow(/oidc\.issuer: give the issuer itself/)
  })
})

describe('requests', () => {
  test('follow no redirect', async () => {
    server.use(http.get(place, () => HttpResponse.redirect('https://evil.example.com/metadata', 302)))
    const error = await rejection(connect().verifyJwt(token, { audience }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining('redirect') })
  })

  test.each([
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/jwks',
    'https://[::ffff:127.0.0.1]/jwks',
    'https://0x7f000001/jwks',
    'https://localhost/jwks',
  ])('are not led to %s by metadata', async (jwks_uri) => {
    const asked: string[] = []
    const fetch = async (input: string | URL | Request) => {
      asked.push(String(input))
      return Response.json({ ...as.metadata, jwks_uri })
    }
    const led = connectAuthorizationServer(profile(), surroundingsOf('test', { timeoutMs: 3_000, fetch }))
    const error = await rejection(led.verifyJwt(token, { audience }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining('special use') })
    expect(asked).toEqual([place])
  })

  test('go to loopback where that was asked for, and to no other address of special use', async () => {
    const rules = { allowInsecureLoopback: true, now: Date.now, fetch: async () => Response.json({}) }
    for (const url of ['https://127.0.0.1/', 'http://localhost:1/', 'https://[::1]/']) {
      expect((await boundedRequest(rules, url, {})).status).toBe(200)
    }
    for (const url of ['https://10.0.0.1/', 'http://10.0.0.1/', 'https://api.localhost/', 'https://169.254.169.254/']) {
      expect(await rejection(boundedRequest(rules, url, {}))).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    }
  })

  test('are not configured to an address of special use', () => {
    for (const issuer of ['https://10.0.0.1', 'https://localhost', 'https://[::1]:8443/realms/a']) {
      expect(() => profile({ issuer })).toThrow(/oidc\.issuer: must not be an address of special use/)
    }
    expect(() => profile({ issuer: 'https://localhost:8443', [allowInsecureLoopback]: true })).not.toThrow()
  })

  test('say so to the fetch that the app gave, and take nothing from where it went all the same', async () => {
    const modes: (string | undefined)[] = []
    const rules = { allowInsecureLoopback: false, now: Date.now }
    const obeying = async (_: unknown, init?: RequestInit) => {
      modes.push(init?.redirect)
      return Response.json({})
    }
    await boundedRequest({ ...rules, fetch: obeying }, place, { redirect: 'follow' })
    expect(modes).toEqual(['manual'])
    const following = async () => Object.defineProperty(Response.json(as.metadata), 'redirected', { value: true })
    const error = await rejection(boundedRequest({ ...rules, fetch: following }, place, {}))
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining('redirect') })
  })

  test('read no more than 512 kB', async () => {
    server.use(http.get(place, () => new HttpResponse('{'.padEnd(600 * 1024))))
    const error = await rejection(connect().verifyJwt(token, { audience }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE', message: expect.stringContaining('bytes') })
  })

  test('end with the deadline, though the injected fetch ignores its signal', async () => {
    const fetch = () => new Promise<Response>(() => {})
    const slow = connectAuthorizationServer(profile(), surroundingsOf('test', { fetch, timeoutMs: 40 }))
    const error = await rejection(slow.verifyJwt(token, { audience }))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT', retryable: true })
  })

  test.each([['jwks_uri'], ['token_endpoint']])('go to no plain http %s', async (endpoint) => {
    metadataIs({ ...as.metadata, [endpoint]: 'http://as.example.com/x' })
    const answer = endpoint === 'jwks_uri' ? connect().verifyJwt(token, { audience }) : connect().grant('x', {})
    expect(await rejection(answer)).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test('go to plain http on loopback with the symbol, and then nowhere else', async () => {
    const local = await mockIssuer('http://127.0.0.1:9000')
    server.use(...local.handlers)
    const options = { issuer: local.issuer, [allowInsecureLoopback]: true as const }
    const { claims } = await connect(options).verifyJwt(await local.sign(accessTokenClaims), { audience })
    expect(claims.sub).toBe('ann')
    local.metadata.jwks_uri = 'http://as.example.com/jwks'
    const error = await rejection(connect(options).verifyJwt(await local.sign(accessTokenClaims), { audience }))
    expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test(verifies('E2', 'are tried again after a fault, since they are safe to repeat'), async () => {
    let first = true
    server.use(
      http.get(place, () => {
        if (!first) return HttpResponse.json(as.metadata)
        first = false
        return new HttpResponse(null, { status: 502 })
      }),
    )
    await expect(connect().verifyJwt(token, { audience })).resolves.toBeDefined()
  })

  test(verifies('E2', 'are not tried again before the time that the server named'), async () => {
    let tries = 0
    server.use(
      http.get(place, () => {
        tries++
        return new HttpResponse(null, { status: 503, headers: { 'retry-after': '7' } })
      }),
    )
    const error = await rejection(connect().verifyJwt(token, { audience }))
    expect(error).toMatchObject({ code: 'ERR_TRANSPORT', status: 503, retryAfter: 7 })
    expect(tries).toBe(1)
  })
})

describe('what was discovered', () => {
  test('is shared by all who connect with the same profile and fetch, at the same time or later', async () => {
    const one = profile()
    const servers = [1, 2, 3].map(() => connectAuthorizationServer(one, surroundings))
    await Promise.all(servers.map((each) => each.verifyJwt(token, { audience })))
    await connectAuthorizationServer(one, surroundingsOf('other', {})).verifyJwt(token, { audience })
    expect(as.requests).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks'])
  })

  test('is not shared with another fetch', async () => {
    const one = profile()
    await connectAuthorizationServer(one, surroundings).verifyJwt(token, { audience })
    const other = surroundingsOf('test', { fetch: (input, init) => fetch(input, init) })
    await connectAuthorizationServer(one, other).verifyJwt(token, { audience })
    expect(as.requests).toHaveLength(4)
  })

  test('is not remembered when it failed', async () => {
    const connected = connect()
    server.use(http.get(place, () => new HttpResponse(null, { status: 404 }), { once: true }))
    expect(await rejection(connected.verifyJwt(token, { audience }))).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    await expect(connected.verifyJwt(token, { audience })).resolves.toBeDefined()
  })

  test("outlives one caller's abort", async () => {
    const one = profile()
    const controller = new AbortController()
    const leaving = connectAuthorizationServer(one, surroundings).verifyJwt(token, {
      audience,
      signal: controller.signal,
    })
    const staying = connectAuthorizationServer(one, surroundings).verifyJwt(token, { audience })
    controller.abort(new Error('left'))
    await expect(leaving).rejects.toThrow('left')
    await expect(staying).resolves.toBeDefined()
    expect(as.requests.filter((request) => request.includes('openid-configuration'))).toHaveLength(1)
  })

  test('may be at the place of RFC 8414', async () => {
    server.use(http.get(`${issuer}/.well-known/oauth-authorization-server`, () => HttpResponse.json(as.metadata)))
    await connect({ discovery: 'oauth2' }).verifyJwt(token, { audience })
    expect(as.requests).toEqual(['GET /jwks'])
  })
})
