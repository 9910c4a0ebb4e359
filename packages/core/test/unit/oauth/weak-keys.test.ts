import { exportJWK, generateKeyPair, importJWK, type JWK, SignJWT } from 'jose'
import { beforeEach, describe, expect, test } from 'vitest'
import { importDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { createResourceServer } from '../../../src/resource-server/create-resource-server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from './mock-issuer.ts'
import { forgedByOne, rocaJwk, rsaJwk, rsaPair } from './weak-rsa.ts'

const as = await mockIssuer('https://as.example.com')
useMsw(...as.handlers)
const audience = accessTokenClaims.aud
const profile = () => oidc({ issuer: as.issuer, clientId: 'api', algorithms: ['ES256', 'RS256', 'Ed25519'] })
const verify = (token: string) =>
  connectAuthorizationServer(profile(), { fetch, clock: { now: Date.now }, timeoutMs: 1000 }).verifyJwt(token, {
    audience,
  })
const claims = () => {
  const now = Math.floor(Date.now() / 1000)
  return { ...accessTokenClaims, iss: as.issuer, iat: now, exp: now + 300 }
}
const roca = rocaJwk()
const sound = rsaJwk()
const ones = { ...sound, e: 'AQ' }

const publish = (...keys: readonly JWK[]) => as.keys.splice(1, as.keys.length, ...keys)
beforeEach(() => void publish())

const header = (kid: string) => ({ alg: 'RS256', typ: 'at+jwt', kid })

test('a token that was forged for a key of e = 1 is refused', async () => {
  publish({ ...ones, kid: 'one' })
  const token = forgedByOne(header('one'), claims(), ones)
  expect(await rejection(verify(token))).toMatchObject({
    code: 'ERR_INVALID_TOKEN',
    reason: 'unknown_key',
    message: expect.stringContaining('public exponent'),
  })
  // Nor is it found without its name, as the only key that fits.
  const { kid: _, ...nameless } = header('one')
  expect(await rejection(verify(forgedByOne(nameless, claims(), ones)))).toMatchObject({ code: 'ERR_INVALID_TOKEN' })
})

describe('no token is verified by a key', () => {
  const cases: readonly (readonly [name: string, key: JWK, said: string])[] = [
    ['whose exponent is 3', rsaPair(3).jwk, 'exponent'],
    ['whose exponent is 65535', { ...sound, e: Buffer.from([0xff, 0xff]).toString('base64url') }, 'exponent'],
    ['whose exponent is even', { ...sound, e: Buffer.from([1, 0, 2]).toString('base64url') }, 'exponent'],
    ['whose exponent is as long as its modulus', { ...sound, e: sound.n as string }, 'exponent'],
    ['with the ROCA fingerprint', roca, 'calculated'],
    ['of an even modulus', { ...sound, n: `${sound.n?.slice(0, -2)}AA` }, 'calculated'],
    ['of 1,024 bits', rsaJwk(1024), '1024 bits'],
    ['of 16,384 bits', { ...sound, n: '_'.repeat(2731) }, '8192 bits'],
    ['whose modulus is padded', { ...sound, n: `${sound.n}==` }, 'base64url'],
    ['that is private', rsaPair(65_537).privateJwk, 'not a public key'],
    ['that is symmetric', { kty: 'oct', k: 'AAAA' }, 'not a public key'],
    [
      'of small order',
      { kty: 'OKP', crv: 'Ed25519', x: Buffer.from([1, ...Array(31).fill(0)]).toString('base64url') },
      'small order',
    ],
  ]
  test.each(cases)('%s', async (_name, key, said) => {
    publish({ ...key, kid: 'weak' })
    const { requests } = as
    const token = forgedByOne(header('weak'), claims(), sound)
    const before = requests.length
    const error = await rejection(verify(token))
    expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason: 'unknown_key' })
    expect(String(error)).toContain(said)
    // The set was requested once: the key is there, and requesting it again brings no other.
    expect(requests.slice(before).filter((request) => request.endsWith('/jwks'))).toHaveLength(1)
  })
})

test.each<readonly [name: string, bad: unknown]>([
  ['that lacks its members', { kty: 'EC', crv: 'P-256' }],
  ['that is no point of its curve', { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' }],
  ['of an unknown curve', { kty: 'EC', crv: 'P-999', x: 'AAAA', y: 'AAAA' }],
  ['that is RSA without a modulus', { kty: 'RSA', e: 'AQAB' }],
  ['that is RSA of no text', { kty: 'RSA', n: 5, e: ['AQAB'] }],
])('a bad key %s makes tokens that name it 401, and leaves the others be', async (_name, bad) => {
  publish({ ...(bad as JWK), kid: 'bad', ...((bad as JWK).kty === 'EC' && { alg: 'ES256' }) })
  const api = createResourceServer({ authorizationServer: profile(), audience })
  const protect = (token: string) =>
    api.protect(new Request(`${audience}/orders`, { headers: { authorization: `Bearer ${token}` } }))
  const alg = (bad as JWK).kty === 'EC' ? 'ES256' : 'RS256'
  const unsigned = forgedByOne({ ...header('bad'), alg }, claims(), sound)
  const refused = await protect(unsigned)
  expect([refused.ok, !refused.ok && refused.response.status]).toEqual([false, 401])
  expect(await protect(await as.sign(accessTokenClaims))).toMatchObject({ ok: true })
})

test.each([null, 5, 'key', [], {}])('a member of the key set that is %j leaves the others be', async (member) => {
  publish(member as never)
  expect(await verify(await as.sign(accessTokenClaims))).toMatchObject({ claims: { sub: 'ann' } })
})

test('sound keys verify: RSA of 2,048 bits, and Ed25519', async () => {
  const rsa = rsaPair(65_537)
  const ed = await generateKeyPair('Ed25519')
  publish({ ...rsa.jwk, kid: 'rsa' }, { ...(await exportJWK(ed.publicKey)), kid: 'ed' })
  const signed = (alg: string, kid: string, key: Parameters<SignJWT['sign']>[0]) =>
    new SignJWT(claims()).setProtectedHeader({ alg, kid, typ: 'at+jwt' }).sign(key)
  expect(await verify(await signed('RS256', 'rsa', await importJWK(rsa.privateJwk, 'RS256')))).toBeTruthy()
  expect(await verify(await signed('Ed25519', 'ed', ed.privateKey))).toBeTruthy()
})

test('two keys of one id are told as such', async () => {
  const second = await exportJWK((await generateKeyPair('ES256')).publicKey)
  publish({ ...second, kid: as.kid, alg: 'ES256' })
  expect(await rejection(verify(await as.sign(accessTokenClaims)))).toMatchObject({
    reason: 'signature',
    message: 'the token names a key by an id of several, and the issuer has several that fit',
  })
})

test('our own key for DPoP is held to the same', async () => {
  await expect(importDpopKey(rsaPair(3).privateJwk)).rejects.toThrow('public exponent')
})
