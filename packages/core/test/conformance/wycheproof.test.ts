import { readFileSync } from 'node:fs'
import { calculateJwkThumbprint, decodeProtectedHeader, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose'
import { describe, expect, test } from 'vitest'
import { oidc } from '../../src/entrypoints/providers.ts'
import { connectAuthorizationServer } from '../../src/oauth/connect-authorization-server.ts'
import { surroundingsOf } from '../../src/oauth/server.ts'
import { memoryStore } from '../../src/records/memory-store.ts'
import { here, makeApi, passed, proofKey, refused, tokenOf, useIssuer } from '../unit/resource-server/api.ts'

type Jwk = Readonly<Record<string, unknown>>

interface Group {
  readonly comment: string
  readonly public?: Jwk | { readonly keys: readonly Jwk[] }
  readonly private: Jwk | { readonly keys: readonly Jwk[] }
  readonly tests: readonly {
    readonly tcId: number
    readonly comment: string
    readonly jws?: unknown
    readonly result: 'valid' | 'invalid'
  }[]
}

const groupsOf = (file: string): readonly Group[] =>
  JSON.parse(readFileSync(new URL(`../fixtures/wycheproof/${file}_test.json`, import.meta.url), 'utf8')).testGroups

const keysOf = (set: Group['private']): readonly Jwk[] => ('keys' in set ? (set.keys as readonly Jwk[]) : [set as Jwk])

const issuer = 'https://as.example'
const profile = oidc({
  issuer,
  clientId: 'agent',
  clientSecret: 'secret',
  algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES512'],
})

const own = await generateKeyPair('ES256')
const token = await new SignJWT({ iss: issuer, aud: 'api' })
  .setProtectedHeader({ alg: 'ES256', kid: 'own' })
  .setExpirationTime('1h')
  .sign(own.privateKey)
const ownKey = { ...(await exportJWK(own.publicKey)), kid: 'own', alg: 'ES256' }

/** An issuer that publishes these keys, and one of ours. What was discovered is known: a token may then name no issuer. */
async function issuerWith(published: readonly Jwk[]) {
  const keys = [...published, ownKey]
  const fetch = async (url: string | URL | Request) => {
    const document = String(url instanceof Request ? url.url : url).endsWith('/jwks')
      ? { keys }
      : { issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token` }
    return Response.json(document)
  }
  const server = connectAuthorizationServer(profile, surroundingsOf('test', { fetch: fetch as never }))
  await server.verifyJwt(token, { audience: 'api' })
  return server
}

/** The payloads are no claims: a token that is refused for its payload alone has passed the check of its signature. */
async function isAccepted(server: Awaited<ReturnType<typeof issuerWith>>, jws: string): Promise<boolean> {
  const error = await server.verifyJwt(jws, { audience: 'api' }).then(
    () => expect.unreachable('no payload of a vector is a claims set'),
    (thrown: unknown) => thrown,
  )
  expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
  return (error as Error).cause instanceof Error && (error as { cause: Error }).cause.name === 'JWTInvalid'
}

/** Why a JWS that is valid is no token of an issuer. `undefined`: it has to be accepted. */
function whyNot(jws: string, keys: readonly Jwk[]): string | undefined {
  if (!/^[\w.-]+$/.test(jws)) return 'characters that base64url does not have'
  if (jws.includes('..')) return 'an empty payload is no claims set'
  const { alg = '', kid } = decodeProtectedHeader(jws)
  if (alg.startsWith('HS')) return 'a shared key, by which an API could sign too'
  const key = keys.find((one) => one.kid === kid)
  return key?.alg === undefined || key.alg === alg ? undefined : 'the key is for another algorithm'
}

const files = ['json_web_signature', 'json_web_key', 'json_web_crypto']

describe.each(files)('Wycheproof, %s', (file) => {
  const groups = groupsOf(file).map((group, index) => [`${index} (${group.comment})`, group] as const)
  test.each(groups)(
    'the verification of a token accepts what group %s calls valid, and nothing else',
    async (_, group) => {
      const keys = keysOf(group.public ?? group.private)
      const server = await issuerWith(keys)
      for (const { tcId, comment, jws, result } of group.tests) {
        if (typeof jws !== 'string') continue
        const expected = result === 'valid' && whyNot(jws, keys) === undefined
        expect.soft(await isAccepted(server, jws), `${tcId} ${comment}: ${result}`).toBe(expected)
      }
    },
  )
})

test('of the valid vectors, 29 are tokens', () => {
  const valid = files.flatMap(groupsOf).flatMap((group) => {
    const keys = keysOf(group.public ?? group.private)
    const vectors = group.tests.filter(({ jws, result }) => result === 'valid' && typeof jws === 'string')
    return vectors.map(({ jws }) => whyNot(jws as string, keys))
  })
  expect(valid.filter((reason) => reason === undefined)).toHaveLength(29)
})

describe('proofs of possession (DPoP) made from the vectors', () => {
  useIssuer()
  const api = makeApi({ dpop: { store: memoryStore() } })
  const vectors = files.flatMap((file) => groupsOf(file).map((group) => [`${file}, ${group.comment}`, group] as const))
  const asymmetric = vectors.flatMap(([name, group]) =>
    keysOf(group.private)
      .filter(({ kty }) => kty !== 'oct')
      .map((key) => [name, key] as const),
  )
  /** Weak keys, keys that are no keys, and private keys that are not those of their public half. */
  const unusable = /roca|too_small|exponentOne|invalid_point|wrong_curve|wrong_kty|mixedSymmetryKeyset/

  test.each(asymmetric)(
    'a proof by the key of %s passes, or is refused where the key is unusable',
    async (name, key) => {
      const { kty, crv, x, y, n, e, d, p, q, dp, dq, qi } = key
      const jwk = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y }
      const alg = kty === 'RSA' ? 'RS256' : crv === 'P-521' ? 'ES512' : 'ES256'
      const token = await tokenOf({ cnf: { jkt: await calculateJwkThumbprint(jwk as never).catch(() => 'none') } })
      const own = await proofKey()
      const header = { alg, typ: 'dpop+jwt', jwk } as never
      const signed = async () => {
        const privateKey = await importJWK({ ...jwk, d, p, q, dp, dq, qi } as never, alg)
        return new SignJWT(await own.claimsFor(token)).setProtectedHeader(header).sign(privateKey)
      }
      // A key that cannot sign stands above a signature of another one.
      const above = async () =>
        (await own.proof(token)).replace(/^[^.]*/, Buffer.from(JSON.stringify(header)).toString('base64url'))
      const headers = { authorization: `DPoP ${token}`, dpop: await signed().catch(above) }
      const answer = api.protect(new Request(here, { headers }))
      // By default, an API does not accept ES512.
      if (unusable.test(name) || alg === 'ES512') expect((await refused(answer)).reason).toMatch(/^proof: /)
      else await passed(answer)
    },
  )

  test.each([
    ['header', 0],
    ['payload', 1],
    ['signature', 2],
  ] as const)('a proof with the %s of a vector is refused', async (_, part) => {
    const key = await proofKey()
    const token = await key.token()
    const texts = vectors.flatMap(([, { tests }]) => tests.map(({ jws }) => (typeof jws === 'string' ? jws : '')))
    const parts = new Set(texts.map((jws) => jws.split('.')[part] ?? '').filter((text) => /^[\x21-\x7e]+$/.test(text)))
    expect(parts.size).toBeGreaterThan(10)
    for (const text of parts) {
      const dpop = (await key.proof(token)).split('.').with(part, text).join('.')
      const answer = api.protect(new Request(here, { headers: { authorization: `DPoP ${token}`, dpop } }))
      expect((await refused(answer)).reason).toMatch(/^proof: /)
    }
  })
})
