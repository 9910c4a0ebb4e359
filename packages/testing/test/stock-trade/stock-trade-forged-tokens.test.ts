import { createHash } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { createStockTradeApi } from '../../src/index.ts'
import { sharedTarget } from '../shared-target.ts'
import { stockTrader } from '../stock-trader.ts'

const world = sharedTarget()
const { get } = stockTrader(world)

describe('a forged token', () => {
  let key: Awaited<ReturnType<typeof generateKeyPair>>
  beforeEach(async () => {
    key = await generateKeyPair('RS256')
  })

  /** A token with valid claims, signed by any key, changed as given. */
  async function forge(changes: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: world.target.authorizationServer.issuer,
      sub: 'ann',
      aud: world.target.api.resource,
      exp: now + 60,
      iat: now,
      jti: 'j',
      client_id: 'stock-agent',
      scope: 'portfolio:read',
      ...changes,
    }
    return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...header }).sign(key.privateKey)
  }

  test('is 401, with any issuer in it', async () => {
    const { kid } = await world.target.authorizationServer.publicKey()
    const unsigned = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${(await forge({})).split('.')[1]}.`
    const forged = [
      await forge({}),
      await forge({}, { kid }),
      await forge({ iss: world.target.upstream.issuer }),
      await forge({ iss: 'https://evil.example/' }),
      await forge({ iss: undefined }),
      unsigned,
    ]
    for (const token of forged) expect((await get('/portfolios/p-ann', token)).status).toBe(401)
  })

  test('signed with the right key still needs the right claims', async () => {
    const issuer = 'https://signs.example'
    const jwk = await exportJWK(key.publicKey)
    const metadata = { issuer, jwks_uri: `${issuer}/jwks` }
    const answers: Record<string, unknown> = { '/.well-known/openid-configuration': metadata, '/jwks': { keys: [jwk] } }
    const api = createStockTradeApi({
      issuers: [issuer],
      audience: world.target.api.resource,
      accounts: [
        {
          id: 'a',
          holders: [{ issuer, subject: 'ann' }],
          portfolios: [{ id: 'p-ann', cash: 1, holdings: {} }],
        },
      ],
      fetch: async (input) => Response.json(answers[new URL(input.toString()).pathname]),
    })
    const status = async (changes: Record<string, unknown>, header = {}) => {
      const authorization = `Bearer ${await forge({ iss: issuer, ...changes }, header)}`
      return (await api(new Request('https://api.example/portfolios/p-ann', { headers: { authorization } }))).status
    }
    expect(await status({})).toBe(200)
    expect(await status({}, { typ: 'application/at+jwt' })).toBe(200)
    expect(await status({ aud: ['https://other.example/', world.target.api.resource] })).toBe(200)
    expect(await status({}, { typ: 'JWT' })).toBe(401)
    expect(await status({}, { typ: undefined })).toBe(401)
    expect(await status({ aud: 'https://other.example/' })).toBe(401)
    expect(await status({ aud: undefined })).toBe(401)
    expect(await status({ exp: 1_700_000_000 })).toBe(401)
    expect(await status({ nbf: 4_000_000_000 })).toBe(401)
    for (const claim of ['exp', 'sub', 'jti', 'iat', 'client_id'])
      expect(await status({ [claim]: undefined }), claim).toBe(401)
    expect(await status({ scope: undefined })).toBe(403)
    expect(await status({ scope: 5 })).toBe(401)
    expect(await status({ scope: ['portfolio:read'] })).toBe(200)
    const owner = await generateKeyPair('ES256')
    const ownerJwk = await exportJWK(owner.publicKey)
    const bound = await forge({ iss: issuer, cnf: { jkt: await calculateJwkThumbprint(ownerJwk) } })
    const withProof = async (htm: string) => {
      const ath = createHash('sha256').update(bound).digest('base64url')
      const proof = await new SignJWT({ jti: htm, htm, htu: 'https://api.example/portfolios/p-ann', ath })
        .setIssuedAt()
        .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: ownerJwk })
        .sign(owner.privateKey)
      const headers = { authorization: `DPoP ${bound}`, dpop: proof }
      return (await api(new Request('https://api.example/portfolios/p-ann', { headers }))).status
    }
    expect([await withProof('GET'), await withProof('GET'), await withProof('POST')]).toEqual([200, 401, 401])
    metadata.issuer = 'https://other.example'
    const mixed = createStockTradeApi({
      issuers: [issuer],
      audience: 'x',
      accounts: [],
      fetch: async (input) => Response.json(answers[new URL(input.toString()).pathname]),
    })
    const authorization = `Bearer ${await forge({ iss: issuer })}`
    expect((await mixed(new Request('https://api.example/portfolios/p', { headers: { authorization } }))).status).toBe(
      503,
    )
  })
})
