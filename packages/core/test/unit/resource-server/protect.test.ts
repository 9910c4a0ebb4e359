import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import { isVerified } from '../../../src/identity/verified.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import type { Challenged } from '../../../src/resource-server/challenge.ts'
import { createResourceServer } from '../../../src/resource-server/create-resource-server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const upstream = await mockIssuer('https://upstream.example.com')
const server = useMsw(...as.handlers, ...upstream.handlers)
const audience = accessTokenClaims.aud
const profile = () => oidc({ issuer: as.issuer, clientId: 'api' })
const make = (options: object = {}) => createResourceServer({ authorizationServer: profile(), audience, ...options })
const api = make({ realm: 'trade' })
const request = (authorization?: string, url = `${audience}/orders`) =>
  new Request(url, authorization === undefined ? {} : { headers: { authorization } })
const bearer = async (claims: object = {}) => request(`Bearer ${await as.sign({ ...accessTokenClaims, ...claims })}`)

async function refusal(result: Promise<unknown>) {
  const { ok, response, reason } = (await result) as Challenged
  expect(ok).toBe(false)
  return {
    status: response.status,
    challenge: response.headers.get('www-authenticate'),
    text: await response.text(),
    reason,
  }
}

describe('a request with a good token passes', () => {
  test('with identity, scopes, approved details and claims', async () => {
    const details = [{ type: 'stock_order', symbol: 'AAPL', quantity: 50 }]
    const result = await api.protect(await bearer({ authorization_details: details }), { scopes: ['trade:write'] })
    if (!result.ok) throw new Error(result.reason)
    expect(result.identity).toMatchObject({ kind: 'user', subject: 'ann', issuer: as.issuer })
    expect(isVerified(result.identity)).toBe(true)
    expect(result.scopes).toEqual(['portfolio:read', 'trade:write'])
    expect(result.authorizationDetails).toEqual(details)
    expect(result.claims.jti).toBe('j-1')
  })

  test.each(['bearer', 'BEARER', 'Bearer '])('with the scheme written %j', async (scheme) => {
    const result = await api.protect(request(`${scheme} ${await as.sign(accessTokenClaims)}`))
    expect(result.ok).toBe(true)
  })

  test('from each of several issuers that the API trusts', async () => {
    const profiles = [as, upstream].map(({ issuer }) => oidc({ issuer, clientId: 'api' }))
    const many = make({ authorizationServer: (issuer: string) => profiles.find((each) => each.issuer === issuer) })
    for (const each of [as, upstream]) {
      const result = await many.protect(request(`Bearer ${await each.sign(accessTokenClaims)}`))
      expect(result).toMatchObject({ ok: true, identity: { issuer: each.issuer } })
    }
  })
})

describe('a request is refused', () => {
  test.each([
    ['without credentials', undefined],
    ['with another scheme', 'Basic dXNlcjpwYXNz'],
    ['with a scheme that begins like ours', 'Bearertoken x'],
  ])('%s: bare 401', async (_name, authorization) => {
    const { status, challenge, text } = await refusal(make().protect(request(authorization)))
    expect([status, challenge, text]).toEqual([401, 'Bearer realm="api"', ''])
  })

  test('without credentials: the realm, and no error', async () => {
    expect((await refusal(api.protect(request()))).challenge).toBe('Bearer realm="trade"')
  })

  test.each([
    ['an empty token', 'Bearer'],
    ['white space in the token', 'Bearer a b'],
    ['two headers', 'Bearer a, Bearer b'],
    ['a quote in the token', 'Bearer a"b'],
  ])('with %s: 400', async (_name, authorization) => {
    const { status, challenge } = await refusal(api.protect(request(authorization)))
    expect(status).toBe(400)
    expect(challenge).toContain('error="invalid_request"')
  })

  test('with a token in header and query: 400', async () => {
    const token = await as.sign(accessTokenClaims)
    const { status, challenge } = await refusal(
      api.protect(request(`Bearer ${token}`, `${audience}/orders?access_token=${token}`)),
    )
    expect(status).toBe(400)
    expect(challenge).toContain('error="invalid_request"')
  })

  test('with a token in the query alone: as one without credentials', async () => {
    const token = await as.sign(accessTokenClaims)
    const { status, challenge } = await refusal(
      make().protect(request(undefined, `${audience}/?access_token=${token}`)),
    )
    expect([status, challenge]).toEqual([401, 'Bearer realm="api"'])
  })

  test.each([
    ['for another API', { aud: 'https://other.example.com' }, 'audience'],
    ['that expired', { exp: 1_600_000_000 }, 'expired'],
    ['of an unknown issuer', { iss: 'https://evil.example.com' }, 'issuer'],
    ['bound to a key', { cnf: { jkt: 'x' } }, 'binding'],
    ['with malformed details', { authorization_details: [{ amount: 1 }] }, 'claims'],
    ['with details that are no list', { authorization_details: { type: 'x' } }, 'claims'],
  ])('with a token %s: 401', async (_name, claims, reason) => {
    const result = await refusal(api.protect(await bearer(claims)))
    expect(result.status).toBe(401)
    expect(result.challenge).toBe(
      `Bearer realm="trade", error="invalid_token", error_description="The access token is not acceptable: ${reason}"`,
    )
    expect(result.reason).toBe(reason)
  })

  test('with a token that lacks a scope: 403, naming all that are needed', async () => {
    const { status, challenge, reason } = await refusal(
      api.protect(await bearer({ scope: 'trade:write' }), { scopes: ['trade:write', 'portfolio:read'] }),
    )
    expect(status).toBe(403)
    expect(challenge).toContain('error="insufficient_scope"')
    expect(challenge).toContain('scope="trade:write portfolio:read"')
    expect(reason).toBe('the token lacks portfolio:read')
  })

  test('with a token that lacks a scope: the challenge also names the scopes to keep that the token has', async () => {
    const { challenge } = await refusal(
      api.protect(await bearer({ scope: 'trade:write news:read' }), {
        scopes: ['portfolio:read'],
        keepScopes: ['trade:write', 'trade:small', 'portfolio:read'],
      }),
    )
    expect(challenge).toContain('scope="portfolio:read trade:write"')
  })

  test.each([
    ['a longer scope', 'trade:write:all'],
    ['a scope in other letters', 'TRADE:WRITE'],
    ['a list that lacks it', ['portfolio:read']],
    ['none', undefined],
  ])('with %s in place of a needed one: 403', async (_name, scope) => {
    expect((await refusal(api.protect(await bearer({ scope }), { scopes: ['trade:write'] }))).status).toBe(403)
  })

  test('with nothing of the token in the answer, and nothing to keep', async () => {
    const token = await as.sign({ ...accessTokenClaims, aud: 'x"y', sub: 'ann"\r\nSet-Cookie: x=1' })
    const { response } = (await api.protect(request(`Bearer ${token}`))) as Challenged
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('set-cookie')).toBeNull()
    expect(await response.text()).not.toContain(token.slice(0, 20))
  })
})

describe('an issuer that does not answer', () => {
  test('is a 503 and not a 401: the token may be good', async () => {
    server.use(
      http.get(`${as.issuer}/jwks`, () => new HttpResponse(null, { status: 503, headers: { 'retry-after': '9' } })),
    )
    const { response } = (await make().protect(await bearer())) as Challenged
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '9'])
    expect(response.headers.has('www-authenticate')).toBe(false)
  })

  test('that breaks its specification is a fault, and no caller passes', async () => {
    server.use(http.get(`${as.issuer}/jwks`, () => HttpResponse.json({})))
    expect(await rejection(make().protect(await bearer()))).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })
})

describe('the options', () => {
  test.each([
    ['an unknown one', { scopes: ['x'] }, 'createResourceServer.scopes'],
    ['no audience', { audience: undefined }, 'createResourceServer.audience'],
    ['no authorization server', { authorizationServer: undefined }, 'createResourceServer.authorizationServer'],
    ['a realm that would break its quotes', { realm: 'a"b' }, 'createResourceServer.realm'],
    ['a realm with a line break', { realm: 'a\r\nb' }, 'createResourceServer.realm'],
  ])('are refused: %s', (_name, options, option) => {
    expect(() => make(options)).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })

  test('refuse a scope that is two', async () => {
    const error = await rejection(api.protect(await bearer(), { scopes: ['a b'] }))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
  })

  test('refuse a misspelt scopes, which would let every token pass', async () => {
    const error = await rejection(api.protect(await bearer(), { scope: ['admin'] } as never))
    expect(error).toMatchObject({ code: 'ERR_CONFIGURATION', option: 'protect.scope' })
  })
})
