import { verifies } from '@behalf/testing/contract'
import { describe, expect } from 'vitest'
import { oidc } from '../../src/authorization-server/index.ts'
import { createResourceServer, type Refused } from '../../src/resource-server/index.ts'
import { accessTokenClaims, mockIssuer, useMsw } from '../unit/authorization-server/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
useMsw(...as.handlers)
const audience = accessTokenClaims.aud
const api = createResourceServer({ authorizationServer: oidc({ issuer: as.issuer, clientId: 'api' }), audience })
const token = (claims: object = {}) => as.sign({ ...accessTokenClaims, ...claims })
const ask = (headers: HeadersInit = {}, query = '', scopes: readonly string[] = []) =>
  api.protect(new Request(`${audience}/orders${query}`, { headers }), { scopes })
const refusal = async (result: ReturnType<typeof ask>) => {
  const { response } = (await result) as Refused
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

  verifies('RFC6750-5.2-audience', 'though all else is right', async () => {
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
})
