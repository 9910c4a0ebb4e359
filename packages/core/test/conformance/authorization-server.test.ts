import { verifies } from '@behalf/testing/requirements'
import { generateKeyPair, jwtVerify } from 'jose'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect } from 'vitest'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../src/oauth/server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../unit/oauth/mock-issuer.ts'

const issuer = 'https://as.example.com/tenant'
const as = await mockIssuer(issuer)
const sent: { url: string; method: string; headers: Headers; body: URLSearchParams }[] = []
let answer: object = {}
let status: ResponseInit = {}
const server = useMsw(
  ...as.handlers,
  http.all(`${issuer}/token`, async ({ request }) => {
    const body = new URLSearchParams(await request.text())
    sent.push({ url: request.url, method: request.method, headers: request.headers, body })
    return HttpResponse.json(answer as never, status)
  }),
)
beforeEach(() => {
  answer = { access_token: 'x', token_type: 'Bearer' }
  status = {}
})

const connect = (options: object = {}) =>
  connectAuthorizationServer(oidc({ issuer, clientId: 'agent app', ...options }), surroundingsOf('test', {}))
const grant = (options?: object) => connect(options).grant('client_credentials', { scope: 'a' })
const lastSent = () => sent.at(-1) as (typeof sent)[number]
const verify = (options?: object) =>
  as.sign(accessTokenClaims).then((token) => connect(options).verifyJwt(token, { audience: accessTokenClaims.aud }))
const { privateKey, publicKey } = await generateKeyPair('ES256')
const ways = [
  { clientSecret: 's:e c' },
  { clientAuthentication: { method: 'client_secret_post', clientSecret: 's' } },
  { privateKey },
  {},
]

describe('RFC 6749', () => {
  verifies('RFC6749-2.3-one-method', 'each way to authenticate stands alone', async () => {
    for (const way of ways) {
      await grant(way)
      const { headers, body } = lastSent()
      const used = [headers.has('authorization'), body.has('client_secret'), body.has('client_assertion')]
      expect(used.filter(Boolean).length).toBe(way === ways[3] ? 0 : 1)
    }
  })

  verifies('RFC6749-2.3.1-basic-encoding', 'a colon and a space in the halves are encoded', async () => {
    await grant(ways[0])
    expect(lastSent().headers.get('authorization')).toBe(`Basic ${btoa('agent+app:s%3Ae+c')}`)
  })

  verifies('RFC6749-2.3.1-body', 'the URI is the endpoint and nothing more', async () => {
    for (const way of ways) await grant(way)
    expect(sent.slice(-4).map(({ url }) => url)).toEqual(Array(4).fill(`${issuer}/token`))
  })

  verifies('RFC6749-3.2-tls', 'a plain http endpoint gets nothing', async () => {
    const before = sent.length
    const plain = { ...as.metadata, token_endpoint: 'http://as.example.com/tenant/token' }
    server.use(http.get(`${issuer}/.well-known/openid-configuration`, () => HttpResponse.json(plain)))
    expect(await rejection(grant())).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    expect(sent.length).toBe(before)
  })

  verifies('RFC6749-3.2-post', 'with a form', async () => {
    await grant()
    expect(lastSent().method).toBe('POST')
    expect(lastSent().headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/)
  })

  verifies('RFC6749-3.2-no-repeat', 'each parameter is there once', async () => {
    for (const way of ways) {
      await grant(way)
      const names = [...lastSent().body.keys()]
      expect(names).toEqual([...new Set(names)])
    }
  })

  verifies('RFC6749-5.1-unknown', 'names of tomorrow change nothing', async () => {
    answer = { ...answer, example_parameter: { a: 1 } }
    expect(await grant()).toEqual({ accessToken: 'x', tokenType: 'bearer' })
  })

  verifies('RFC6749-5.1-required', 'an answer without one of them is dropped', async () => {
    for (const broken of [
      { access_token: 'x' },
      { token_type: 'Bearer' },
      { access_token: '', token_type: 'Bearer' },
    ]) {
      answer = broken
      expect(await rejection(grant())).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    }
  })

  verifies('RFC6749-5.1-scope', 'absent and empty are told apart', async () => {
    expect('scopes' in (await grant())).toBe(false)
    answer = { ...answer, scope: '' }
    expect((await grant()).scopes).toEqual([])
  })

  verifies('RFC6749-5.2-error', 'the challenge does not hide it', async () => {
    answer = { error: 'invalid_client', error_description: 'no such client' }
    status = { status: 401, headers: { 'www-authenticate': 'Basic realm="as"' } }
    const error = await rejection(grant())
    expect(error).toMatchObject({ error: 'invalid_client', errorDescription: 'no such client', status: 401 })
  })

  verifies('RFC6749-7.1-token-type', 'a token of the type mac is dropped', async () => {
    answer = { access_token: 'x', token_type: 'mac' }
    expect(await rejection(grant())).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })
})

describe('RFC 7523', () => {
  const assertion = async () => {
    await grant({ privateKey })
    return jwtVerify(lastSent().body.get('client_assertion') ?? '', publicKey)
  }

  verifies('RFC7523-2.2-type', 'one assertion with its type', async () => {
    await grant({ privateKey })
    const { body } = lastSent()
    expect(body.getAll('client_assertion_type')).toEqual(['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'])
    expect(body.getAll('client_assertion')).toHaveLength(1)
  })

  verifies('RFC7523-3-iss-sub', 'both are the client', async () => {
    expect((await assertion()).payload).toMatchObject({ iss: 'agent app', sub: 'agent app' })
  })

  verifies('RFC7523-3-aud', 'the issuer, and it alone', async () => {
    expect((await assertion()).payload.aud).toBe(issuer)
  })

  verifies('RFC7523-3-exp', 'a minute from now', async () => {
    const { exp = 0 } = (await assertion()).payload
    expect(Math.abs(exp - 60 - Date.now() / 1000)).toBeLessThan(5)
  })

  verifies('RFC7523-3-signed', 'by the key that was given', async () => {
    expect((await assertion()).protectedHeader.alg).toBe('ES256')
    const other = await generateKeyPair('ES256')
    await expect(jwtVerify(lastSent().body.get('client_assertion') ?? '', other.publicKey)).rejects.toThrow()
  })

  verifies('OIDC-CORE-9-jti', 'another one each time', async () => {
    const ids = [(await assertion()).payload.jti, (await assertion()).payload.jti]
    expect(new Set(ids).size).toBe(2)
    expect(ids[0]?.length).toBeGreaterThan(16)
  })
})

describe('Discovery', () => {
  verifies('RFC8414-2-issuer', 'other identifiers are refused at construction', () => {
    for (const wrong of ['http://as.example.com', `${issuer}?a=b`, `${issuer}#a`, 'as.example.com']) {
      expect(() => oidc({ issuer: wrong, clientId: 'c' })).toThrow(expect.objectContaining({ option: 'oidc.issuer' }))
    }
  })

  verifies('RFC8414-3.1-place', 'before the path of the issuer', async () => {
    let asked = 0
    server.use(
      http.get('https://as.example.com/.well-known/oauth-authorization-server/tenant', () => {
        asked++
        return HttpResponse.json(as.metadata)
      }),
    )
    await verify({ discovery: 'oauth2' })
    expect(asked).toBe(1)
  })

  verifies('OIDC-DISCOVERY-4.1-place', 'after the path of the issuer', async () => {
    as.requests.length = 0
    await verify()
    expect(as.requests[0]).toBe('GET /tenant/.well-known/openid-configuration')
  })

  verifies('RFC8414-3.3-issuer', 'nor its keys', async () => {
    as.requests.length = 0
    const foreign = { ...as.metadata, issuer: 'https://as.example.com' }
    server.use(http.get(`${issuer}/.well-known/openid-configuration`, () => HttpResponse.json(foreign)))
    expect(await rejection(verify())).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    expect(as.requests).toEqual([])
  })

  verifies('OIDC-DISCOVERY-4.3-issuer', 'spellings of the same URL are other issuers', async () => {
    for (const spelling of ['https://AS.example.com/tenant', 'https://as.example.com:443/tenant', `${issuer}/`]) {
      const metadata = { ...as.metadata, issuer: spelling }
      server.use(http.get(`${issuer}/.well-known/openid-configuration`, () => HttpResponse.json(metadata)))
      expect(await rejection(verify())).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    }
  })

  verifies('RFC8414-6.1-tls', 'a plain http key set is not read', async () => {
    const metadata = { ...as.metadata, jwks_uri: 'http://as.example.com/tenant/jwks' }
    server.use(http.get(`${issuer}/.well-known/openid-configuration`, () => HttpResponse.json(metadata)))
    expect(await rejection(verify())).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })
})
