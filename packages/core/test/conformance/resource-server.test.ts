import { verifies } from '@behalf/testing/requirements'
import { describe, expect } from 'vitest'
import { oidc } from '../../src/oauth/profiles/oidc.ts'
import type { Challenged } from '../../src/resource-server/challenge.ts'
import { createResourceServer } from '../../src/resource-server/create-resource-server.ts'
import { accessTokenClaims, mockIssuer, useMsw } from '../unit/oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
useMsw(...as.handlers)
const audience = accessTokenClaims.aud
const api = createResourceServer({ authorizationServer: oidc({ issuer: as.issuer, clientId: 'api' }), audience })
const token = (claims: object = {}) => as.sign({ ...accessTokenClaims, ...claims })
const ask = (headers: HeadersInit = {}, query = '', scopes: readonly string[] = []) =>
  api.protect(new Request(`${audience}/orders${query}`, { headers }), { scopes })
const refusal = async (result: ReturnType<typeof ask>) => {
  const { response } = (await result) as Challenged
  return { status: response.status, challenge: response.headers.get('www-authenticate') ?? '' }
}

describe('RFC 6750: the resource server', () => {
  verifies('RFC6750-2.1-header', 'and from there alone', async () => {
    expect(await ask({ authorization: `Bearer ${await token()}` })).toMatchObject({ ok: true })
  })

  verifies('RFC6750-2.3-query', 'as if it were not there', async () => {
    const { status, challenge } = await refusal(ask({}, `?access_token=${await token()}`))
    expect([status, challenge.includes('error')]).toEqual([401, false])
  })

  verifies('RFC6750-3-challenge', 'each refusal has one', async () => {
    for (const headers of [
      {},
      { authorization: 'Basic x' },
      { authorization: 'Bearer x' },
      { authorization: 'Bearer a b' },
    ]) {
      expect((await refusal(ask(headers))).challenge).not.toBe('')
    }
  })

  verifies('RFC6750-3-bearer', 'also where there is nothing to say', async () => {
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      expect((await refusal(ask(headers))).challenge).toMatch(/^Bearer [a-z_]+="[^"]*"/)
    }
  })

  verifies('RFC6750-3-characters', 'whatever the token holds', async () => {
    const hostile = await token({ iss: 'x"\r\nSet-Cookie: a=b', sub: 'é' })
    const { challenge } = await refusal(ask({ authorization: `Bearer ${hostile}` }))
    for (const [, value] of challenge.matchAll(/="([^"]*)"/g)) expect(value).toMatch(/^[\x20\x21\x23-\x5b\x5d-\x7e]+$/)
    expect(challenge.split('"').length % 2).toBe(1)
  })

  verifies('RFC6750-3.1-no-error', 'a 401 and a realm', async () => {
    expect(await refusal(ask())).toEqual({ status: 401, challenge: 'Bearer realm="api"' })
  })

  verifies('RFC6750-3.1-invalid_request', 'two ways at once, or no token in the header', async () => {
    for (const result of [
      ask({ authorization: `Bearer ${await token()}` }, '?access_token=x'),
      ask({ authorization: 'Bearer' }),
    ]) {
      expect(await refusal(result)).toMatchObject({
        status: 400,
        challenge: expect.stringContaining('error="invalid_request"'),
      })
    }
  })

  verifies('RFC6750-3.1-invalid_token', 'both', async () => {
    for (const claims of [{ exp: 1_600_000_000 }, { aud: 'https://other.example.com' }]) {
      const result = ask({ authorization: `Bearer ${await token(claims)}` })
      expect(await refusal(result)).toMatchObject({
        status: 401,
        challenge: expect.stringContaining('error="invalid_token"'),
      })
    }
  })

  verifies('RFC6750-3.1-insufficient_scope', 'all of them', async () => {
    const result = ask({ authorization: `Bearer ${await token()}` }, '', ['trade:write', 'admin'])
    const { status, challenge } = await refusal(result)
    expect(status).toBe(403)
    expect(challenge).toMatch(/error="insufficient_scope".*scope="trade:write admin"/)
  })

  verifies('RFC9700-2.3-audience', 'though all else is right', async () => {
    const result = ask({ authorization: `Bearer ${await token({ aud: 'https://other.example.com' })}` })
    expect((await refusal(result)).status).toBe(401)
  })

  verifies('RFC9068-4-invalid_token', 'each of its checks', async () => {
    const broken = [{ sub: undefined }, { client_id: undefined }, { iss: 'https://evil.example.com' }, { exp: 1 }]
    for (const claims of broken) {
      const result = ask({ authorization: `Bearer ${await token(claims)}` })
      expect(await refusal(result)).toMatchObject({ status: 401, challenge: expect.stringContaining('invalid_token') })
    }
  })

  verifies('RFC6750-2.2-form', 'it is not read at all', async () => {
    const body = new URLSearchParams({ access_token: await token() })
    const request = new Request(`${audience}/orders`, { method: 'POST', body })
    expect(await refusal(api.protect(request))).toEqual({ status: 401, challenge: 'Bearer realm="api"' })
    expect(request.bodyUsed).toBe(false)
  })

  verifies('RFC6750-3-realm', 'in any of them', async () => {
    const refusals = [
      ask(),
      ask({ authorization: 'Bearer x' }),
      ask({ authorization: `Bearer ${await token()}` }, '', ['x']),
    ]
    for (const { challenge } of await Promise.all(refusals.map(refusal))) {
      const names = [...challenge.matchAll(/(\w+)="/g)].map(([, name]) => name)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  verifies('RFC9068-4-untrusted-jku', 'whatever address it names', async () => {
    const evil = { jku: 'https://evil.example.com/jwks', x5u: 'https://evil.example.com/x5u' }
    const before = as.requests.length
    const signed = await as.sign(accessTokenClaims, evil)
    expect(await ask({ authorization: `Bearer ${signed}` })).toMatchObject({ ok: true })
    const strangers = await mockIssuer('https://evil.example.com')
    const forged = await as.sign(
      accessTokenClaims,
      { ...evil, jwk: strangers.keys[0] as object },
      strangers.pair.privateKey,
    )
    expect((await refusal(ask({ authorization: `Bearer ${forged}` }))).status).toBe(401)
    expect(strangers.requests).toEqual([])
    expect(as.requests.slice(before).every((request) => request.startsWith('GET /'))).toBe(true)
  })

  verifies('RFC9068-4-another-kind', 'though its audience is ours', async () => {
    for (const typ of ['JWT', 'id_token+jwt', 'logout+jwt', 'dpop+jwt', undefined]) {
      const signed = await as.sign(accessTokenClaims, { typ } as { typ: string })
      expect((await refusal(ask({ authorization: `Bearer ${signed}` }))).challenge).toContain('invalid_token')
    }
  })
})

describe('RFC 9470: the resource server', () => {
  const now = Math.floor(Date.now() / 1000)
  const with9470 = async (claims: object, rules: object) =>
    refusal(api.protect(new Request(audience, { headers: { authorization: `Bearer ${await token(claims)}` } }), rules))

  verifies('RFC9470-3-write', "the specification's examples, in our words", async () => {
    const level = await with9470({ acr: 'pwd' }, { acrValues: ['myACR'] })
    expect(level).toEqual({
      status: 401,
      challenge: expect.stringMatching(/^Bearer .*error="insufficient_user_authentication", .*acr_values="myACR"$/),
    })
    const recent = await with9470({ auth_time: now - 6 }, { maxAge: 5 })
    expect(recent).toEqual({
      status: 401,
      challenge: expect.stringMatching(/^Bearer .*error="insufficient_user_authentication", .*max_age="5"$/),
    })
  })

  verifies('RFC9470-3-max_age', 'at construction of the rule', async () => {
    for (const maxAge of [-1, 0.5, Number.NaN, '5']) {
      await expect(with9470({}, { maxAge })).rejects.toMatchObject({ option: 'protect.maxAge' })
    }
  })

  verifies('RFC9470-6.1-claims', 'nothing is not enough', async () => {
    expect((await with9470({}, { acrValues: ['myACR'] })).status).toBe(401)
    expect((await with9470({}, { maxAge: 5 })).status).toBe(401)
    const good = await token({ acr: 'myACR', auth_time: now })
    const request = new Request(audience, { headers: { authorization: `Bearer ${good}` } })
    expect(await api.protect(request, { acrValues: ['myACR'], maxAge: 60 })).toMatchObject({ ok: true })
  })
})
