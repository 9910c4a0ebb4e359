import { inspect } from 'node:util'
import { calculateJwkThumbprint, EmbeddedJWK, exportJWK, generateKeyPair, type JWK, jwtVerify } from 'jose'
import { describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { generateDpopKey, importDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { everythingShownBy, rejection } from './mock-issuer.ts'

const request = { method: 'POST', url: 'https://as.example.com/token?a=b#c' }
const read = (proof: string) => jwtVerify(proof, EmbeddedJWK, { typ: 'dpop+jwt' })

describe('a generated key', () => {
  test('signs proofs that anybody can verify by what is in them', async () => {
    const key = await generateDpopKey({ clock: { now: () => 1_700_000_000_900 } })
    expect(key).toMatchObject({ algorithm: 'ES256', importable: false })
    const { payload, protectedHeader } = await read(await key.proof(request))
    expect(payload).toEqual({
      htm: 'POST',
      htu: 'https://as.example.com/token',
      iat: 1_700_000_000,
      jti: expect.stringMatching(/^.{20,}$/),
    })
    expect(protectedHeader).toEqual({ typ: 'dpop+jwt', alg: 'ES256', jwk: expect.any(Object) })
    expect(Object.keys(protectedHeader.jwk as object).sort()).toEqual(['crv', 'kty', 'x', 'y'])
    expect(await calculateJwkThumbprint(protectedHeader.jwk as JWK)).toBe(key.thumbprint)
  })

  test('never signs the same proof twice, and carries nonce and token hash where asked', async () => {
    const key = await generateDpopKey()
    const accessToken = new Token('Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU')
    const proofs = await Promise.all([1, 2].map(() => key.proof({ ...request, accessToken, nonce: 'n-1' })))
    const [first, second] = await Promise.all(proofs.map(read))
    expect(first?.payload).toMatchObject({ nonce: 'n-1', ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' })
    expect(first?.payload.jti).not.toBe(second?.payload.jti)
  })

  test.each(['ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519'])('may be one for %s', async (algorithm) => {
    const key = await generateDpopKey({ algorithm })
    expect((await read(await key.proof(request))).protectedHeader.alg).toBe(algorithm)
  })

  test.each(['none', 'HS256', 'RS1', 'ES256K', ''])('is not one for %j', async (algorithm) => {
    expect(await rejection(generateDpopKey({ algorithm }))).toMatchObject({
      code: 'ERR_CONFIGURATION',
      option: 'generateDpopKey.algorithm',
    })
  })

  test('shows nothing of its private half', async () => {
    const key = await generateDpopKey()
    expect(`${inspect(key, { depth: 9, showHidden: true })}${JSON.stringify(key)}`).not.toMatch(/CryptoKey|"d"/)
    expect(Object.isFrozen(key)).toBe(true)
  })
})

describe('an imported key', async () => {
  const pair = await generateKeyPair('ES256', { extractable: true })
  const jwk = await exportJWK(pair.privateKey)

  test.each([
    ['a pair', pair],
    ['a private JWK', jwk],
    ['a private JWK with its use', { ...jwk, use: 'sig', key_ops: ['sign'], ext: false }],
  ])('is %s, and the same in every process', async (_name, given) => {
    const key = await importDpopKey(given)
    expect(key).toMatchObject({ importable: true, algorithm: 'ES256' })
    expect(key.thumbprint).toBe(await calculateJwkThumbprint(jwk))
    const { protectedHeader } = await read(await key.proof(request))
    expect(protectedHeader.jwk).not.toHaveProperty('d')
  })

  test('may be of RSA and Edwards curves', async () => {
    const rsa = await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey)
    expect(await importDpopKey({ ...rsa, alg: 'PS256' })).toMatchObject({ algorithm: 'PS256' })
    const edwards = await exportJWK((await generateKeyPair('Ed25519', { extractable: true })).privateKey)
    expect((await read(await (await importDpopKey(edwards)).proof(request))).protectedHeader.alg).toBe('EdDSA')
  })

  test('is no public key, no stranger’s half, and no key of another algorithm', async () => {
    const other = await generateKeyPair('ES256')
    const { d: _d, ...publicJwk } = jwk
    for (const [given, options] of [
      [publicJwk, {}],
      [{ publicKey: pair.publicKey, privateKey: pair.publicKey }, {}],
      [{ privateKey: pair.privateKey }, {}],
      [{ privateKey: pair.privateKey, publicKey: other.publicKey }, {}],
      [pair, { algorithm: 'ES384' }],
      [jwk, { algorithm: 'RS256' }],
      [{ ...jwk, d: 'AAAA' }, {}],
      [undefined, {}],
      ['key', {}],
      [pair, { algoritm: 'ES256' }],
    ] as const) {
      const error = await rejection(importDpopKey(given as never, options as never))
      expect(error).toMatchObject({ code: 'ERR_CONFIGURATION' })
      expect(everythingShownBy(error)).not.toContain(jwk.d)
    }
  })
})

test('a profile takes a key, and nothing that looks like one half', async () => {
  const dpop = await generateDpopKey()
  const options = { issuer: 'https://as.example.com', clientId: 'c' }
  expect(oidc({ ...options, dpop }).dpop).toBe(dpop)
  for (const wrong of [generateDpopKey(), { thumbprint: dpop.thumbprint }, 'key', null]) {
    expect(() => oidc({ ...options, dpop: wrong as never })).toThrow(expect.objectContaining({ option: 'oidc.dpop' }))
  }
})
