import { exportJWK, generateKeyPair } from 'jose'
import { calculateJwkThumbprint } from 'jose/jwk/thumbprint'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { forgedByOne, rocaJwk, rsaJwk, rsaPair } from '../oauth/weak-rsa.ts'
import { audience, here, makeApi, passed, proofKey, refused, tokenOf, useIssuer } from './api.ts'

useIssuer()

const api = makeApi({ dpop: { store: memoryStore() } })
const key = await proofKey()

/** A stolen token that is bound to a weak key, and a proof that was forged without the private key. */
async function forged(jwk: ReturnType<typeof rsaJwk>) {
  const token = await tokenOf({ cnf: { jkt: await calculateJwkThumbprint(jwk as never) } })
  const dpop = forgedByOne({ alg: 'RS256', typ: 'dpop+jwt', jwk }, await key.claimsFor(token), jwk)
  return new Request(here, { headers: { authorization: `DPoP ${token}`, dpop } })
}

describe('a proof by a weak key is refused before it is verified', () => {
  test.each([
    ['whose exponent is 1, so that anyone makes it', { ...rsaJwk(), e: 'AQ' }],
    ['whose exponent is 3', rsaPair(3).jwk],
    ['with the ROCA fingerprint', rocaJwk()],
    ['of 16,384 bits, which takes long to verify', { ...rsaJwk(), n: '_'.repeat(2731) }],
    ['of 8,192 bits', { ...rsaJwk(), n: '_'.repeat(1366) }],
    ['whose exponent takes as long', { ...rsaJwk(), e: rsaJwk().n as string }],
  ])('%s', async (_name, jwk) => {
    expect((await refused(api.protect(await forged(jwk)))).reason).toBe('proof: key')
  })
})

test('a proof by an RSA key of 4,096 bits passes', async () => {
  const pair = await generateKeyPair('RS256', { modulusLength: 4096, extractable: true })
  const jwk = await exportJWK(pair.publicKey)
  const token = await tokenOf({ cnf: { jkt: await calculateJwkThumbprint(jwk) } })
  const { SignJWT } = await import('jose')
  const dpop = await new SignJWT(await key.claimsFor(token))
    .setProtectedHeader({ alg: 'RS256', typ: 'dpop+jwt', jwk })
    .sign(pair.privateKey)
  await passed(api.protect(new Request(here, { headers: { authorization: `DPoP ${token}`, dpop } })))
})

describe('a proof has one form', () => {
  test.each([
    ['white space within', (proof: string) => proof.replace('.', '. ')],
    ['a tab within', (proof: string) => proof.replace('.', '\t.')],
    ['padding', (proof: string) => `${proof}==`],
    ['padding of its header', (proof: string) => proof.replace('.', '==.')],
    ['base64 of the other alphabet', (proof: string) => proof.replaceAll('_', '/').replaceAll('-', '+')],
    ['a fourth part', (proof: string) => `${proof}.AAAA`],
  ])('without %s', async (_name, change) => {
    const token = await key.token()
    // Until there is something to change in the signature.
    let proof = await key.proof(token)
    while (change(proof) === proof) proof = await key.proof(token)
    const headers = { authorization: `DPoP ${token}`, dpop: change(proof) }
    expect((await refused(api.protect(new Request(here, { headers })))).reason).toBe('proof: malformed')
  })
})

describe('the address of a proof is written out', () => {
  const address = here.slice('https://'.length)
  test.each([
    ['user information', `https://someone@${address}`],
    ['a password', `https://someone:secret@${address}`],
    ['an empty user', `https://@${address}`],
    ['a tab', here.replace('orders', 'or\tders')],
    ['a line break', `${here}\n`],
    ['a space before it', ` ${here}`],
    ['backslashes', here.replaceAll('/', '\\')],
    ['a backslash in its path', here.replace('/orders', '\\orders')],
    ['one slash', here.replace('//', '/')],
    ['no slashes', here.replace('//', '')],
    ['an escape in its host', here.replace('api', '%61pi')],
    ['letters of another alphabet in its host', here.replace('api', 'ａpi')],
    ['braces', `${here}?{x}`],
  ])('without %s', async (_name, htu) => {
    expect((await refused(api.protect(await key.request(await key.token(), { htu })))).reason).toBe('proof: url')
  })

  test('a host that is a number is the host that it is, and no other spelling', async () => {
    const origin = 'https://127.0.0.1'
    const local = makeApi({ dpop: { store: memoryStore() }, audience: `${origin}/`, origin })
    for (const [htu, ok] of [
      [`${origin}/orders`, true],
      ['https://0x7f.1/orders', false],
      ['https://2130706433/orders', false],
    ] as const) {
      const token = await tokenOf({ aud: `${origin}/`, cnf: { jkt: key.thumbprint } })
      const result = await local.protect(await key.request(token, { htu }, { url: `${origin}/orders` }))
      expect(result.ok).toBe(ok)
    }
  })

  test('a host of a private network may have an underscore', async () => {
    const origin = 'https://stock_api.example.com:8443'
    const local = makeApi({ dpop: { store: memoryStore() }, audience: origin, origin })
    const token = await tokenOf({ aud: origin, cnf: { jkt: key.thumbprint } })
    await passed(local.protect(await key.request(token, { htu: `${origin}/orders` }, { url: `${origin}/orders` })))
  })

  test('another spelling that means the same passes', async () => {
    for (const htu of [`${audience.toUpperCase()}/orders`, `${audience}:443/orders`, `${here}?a=b&c[]=%2F#x`]) {
      await passed(api.protect(await key.request(await key.token(), { htu })))
    }
  })
})
