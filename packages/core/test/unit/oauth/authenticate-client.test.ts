import { exportPKCS8, generateKeyPair, importPKCS8, jwtVerify } from 'jose'
import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { mockIssuer, useMsw } from './mock-issuer.ts'

const issuer = 'https://as.example.com'
const as = await mockIssuer(issuer)
const sent: { headers: Headers; body: URLSearchParams }[] = []
const msw = useMsw(
  ...as.handlers,
  http.post(`${issuer}/token`, async ({ request }) => {
    sent.push({ headers: request.headers, body: new URLSearchParams(await request.text()) })
    return HttpResponse.json({ access_token: 'x', token_type: 'Bearer' })
  }),
)

async function requestWith(options: object, surroundings: object = {}) {
  const profile = oidc({ issuer, clientId: 'agent app', ...options })
  await connectAuthorizationServer(profile, surroundingsOf('test', surroundings)).grant('client_credentials', {})
  return sent.at(-1) as (typeof sent)[number]
}

describe('client_secret_basic', () => {
  test('form-encodes both halves, and leaves the characters alone that need no encoding', async () => {
    const { headers, body } = await requestWith({ clientSecret: 'a-b_c.d:ü+%' })
    expect(atob(headers.get('authorization')?.slice('Basic '.length) ?? '')).toBe('agent+app:a-b_c.d%3A%C3%BC%2B%25')
    expect(body.has('client_secret')).toBe(false)
  })
})

describe('client_secret_post', () => {
  test('puts both into the body', async () => {
    const clientAuthentication = { method: 'client_secret_post', clientSecret: 'secret' }
    const { headers, body } = await requestWith({ clientAuthentication })
    expect(headers.has('authorization')).toBe(false)
    expect([body.get('client_id'), body.get('client_secret')]).toEqual(['agent app', 'secret'])
  })
})

describe('private_key_jwt', () => {
  test.each([
    ['RS256', 'RS256'],
    ['PS256', 'PS256'],
    ['ES256', 'ES256'],
    ['EdDSA', 'EdDSA'],
  ])('signs an assertion for the issuer with %s', async (algorithm) => {
    const { privateKey, publicKey } = await generateKeyPair(algorithm)
    const { body } = await requestWith({ privateKey, keyId: 'k1' })
    const { payload, protectedHeader } = await jwtVerify(body.get('client_assertion') ?? '', publicKey)
    expect(protectedHeader).toMatchObject({ alg: algorithm, kid: 'k1' })
    expect(payload).toMatchObject({ iss: 'agent app', sub: 'agent app', aud: issuer, jti: expect.any(String) })
    expect(body.get('client_assertion_type')).toBe('urn:ietf:params:oauth:client-assertion-type:jwt-bearer')
  })

  test('signs for the endpoint of each request where the app says so', async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const endpoints = ['token', 'bc-authorize', 'device', 'introspect', 'revoke']
    const audiences: unknown[] = []
    Object.assign(as.metadata, {
      device_authorization_endpoint: `${issuer}/device`,
      introspection_endpoint: `${issuer}/introspect`,
      revocation_endpoint: `${issuer}/revoke`,
    })
    msw.use(
      http.post(`${issuer}/:endpoint`, async ({ request }) => {
        const body = new URLSearchParams(await request.text())
        audiences.push((await jwtVerify(body.get('client_assertion') ?? '', publicKey)).payload.aud)
        return HttpResponse.json({ error: 'invalid_request' }, { status: 400 })
      }),
    )
    const method = 'private_key_jwt' as const
    for (const audience of ['endpoint', 'issuer', undefined] as const) {
      const clientAuthentication = { method, privateKey, algorithm: 'ES256', ...(audience && { audience }) }
      const server = connectAuthorizationServer(
        oidc({ issuer, clientId: 'agent app', clientAuthentication }),
        surroundingsOf('test', {}),
      )
      await server.grant('client_credentials', {}).catch(() => {})
      await server.requestBackchannelAuthentication({ scope: 'openid' }).catch(() => {})
      await server.requestDeviceAuthorization({ scope: 'openid' }).catch(() => {})
      await server.introspect('x').catch(() => {})
      await server.revoke('x').catch(() => {})
    }
    expect(audiences.slice(0, 5)).toEqual(endpoints.map((endpoint) => `${issuer}/${endpoint}`))
    expect(audiences.slice(5)).toEqual(Array.from({ length: 10 }, () => issuer))
  })

  test('signs a new one for each request', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const first = (await requestWith({ privateKey })).body.get('client_assertion')
    const second = (await requestWith({ privateKey })).body.get('client_assertion')
    expect(first).not.toBe(second)
  })

  test("takes its times from the app's clock", async () => {
    const { privateKey, publicKey } = await generateKeyPair('ES256')
    const now = Date.parse('2031-01-01T00:00:00Z')
    const { body } = await requestWith({ privateKey }, { clock: { now: () => now } })
    const { payload } = await jwtVerify(body.get('client_assertion') ?? '', publicKey, { currentDate: new Date(now) })
    expect(payload.iat).toBeCloseTo(now / 1000, -0.5)
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60)
  })
})

describe('none', () => {
  test('sends the client id alone', async () => {
    const { headers, body } = await requestWith({})
    expect(headers.has('authorization')).toBe(false)
    expect(body.get('client_id')).toBe('agent app')
  })
})

describe('the options', async () => {
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true })
  const pem = await exportPKCS8(privateKey)
  const make = (options: object) => () => oidc({ issuer, clientId: 'c', ...options } as Parameters<typeof oidc>[0])

  test.each([
    ['two ways at once', { clientSecret: 's', privateKey }, 'oidc'],
    ['an empty secret', { clientSecret: '' }, 'oidc.clientSecret'],
    ['a public key', { privateKey: publicKey }, 'oidc.privateKey'],
    ['a PEM', { privateKey: pem }, 'oidc.privateKey'],
    ['an algorithm that does not fit the key', { privateKey, algorithm: 'PS256' }, 'oidc.algorithm'],
    ['a key id without a key', { keyId: 'k' }, 'oidc.keyId'],
    [
      'an unknown audience of an assertion',
      { clientAuthentication: { method: 'private_key_jwt', privateKey, algorithm: 'RS256', audience: 'token' } },
      'oidc.clientAuthentication.audience',
    ],
    [
      'an unknown method',
      { clientAuthentication: { method: 'client_secret_jwt' } },
      'oidc.clientAuthentication.method',
    ],
    [
      'a foreign option of a method',
      { clientAuthentication: { method: 'client_secret_post', clientSecret: 's', secret: 's' } },
      'oidc.clientAuthentication.secret',
    ],
  ])('are refused: %s', (_name, options, option) => {
    expect(make(options)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })

  test('take a key from PEM through jose', async () => {
    expect(make({ privateKey: await importPKCS8(pem, 'RS256') })).not.toThrow()
  })
})
