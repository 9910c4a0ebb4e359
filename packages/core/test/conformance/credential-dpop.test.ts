import { verifies } from '@behalf/testing/requirements'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, test } from 'vitest'
import { sha256 } from '../../src/base/values/index.ts'
import { createCredential, Token } from '../../src/credential/index.ts'
import { generateDpopKey } from '../../src/oauth/client/dpop-key.ts'
import { rfc9449Example } from './rfc9449-fixtures.ts'

const api = 'https://resource.example.org'
const other = 'https://other.example.org'
let answers: Response[] = []
const sent: { authorization: string | null; dpop: string }[] = []
const dpop = await generateDpopKey()
const open = (key = dpop) =>
  createCredential({
    name: 'trade',
    issued: { token: new Token(rfc9449Example.accessToken), scopes: [], dpop: key },
    origins: [api, other],
    fetch: async (_input, init) => {
      const headers = new Headers(init?.headers)
      sent.push({ authorization: headers.get('authorization'), dpop: headers.get('dpop') ?? '' })
      return answers.shift() ?? new Response('ok')
    },
    onRawToken: () => {},
  }).credential
const proof = (index: number) => decodeJwt(sent.at(index)?.dpop ?? '')
const wantsNonce = (nonce: string) =>
  new Response(null, {
    status: 401,
    headers: { 'dpop-nonce': nonce, 'www-authenticate': rfc9449Example.nonceChallenge },
  })

describe('RFC 9449: the client', () => {
  test('the hash of the token in §7.1', async () => {
    expect(await sha256(rfc9449Example.accessToken)).toBe(rfc9449Example.hash)
  })

  verifies('RFC9449-7.1-scheme', 'each request', async () => {
    await open().fetch(`${api}/protectedresource`)
    await open().fetch(`${api}/protectedresource`)
    expect(sent.at(-1)?.authorization).toBe(`DPoP ${rfc9449Example.accessToken}`)
    expect(sent.at(-1)?.dpop).not.toBe(sent.at(-2)?.dpop)
  })

  verifies('RFC9449-4.2-typ', 'in its header, with the public key', async () => {
    await open().fetch(`${api}/protectedresource`)
    expect(decodeProtectedHeader(sent.at(-1)?.dpop ?? '')).toMatchObject({ typ: 'dpop+jwt', jwk: expect.anything() })
  })

  verifies('RFC9449-4.2-claims-at-api', 'of the request of §7.1', async () => {
    await open().fetch(`${api}/protectedresource?a=1`)
    expect(proof(-1)).toMatchObject({
      jti: expect.any(String),
      iat: expect.any(Number),
      htm: 'GET',
      htu: `${api}/protectedresource`,
      ath: rfc9449Example.hash,
    })
  })

  verifies('RFC9449-4.2-nonce', 'after the challenge of §9', async () => {
    answers = [wantsNonce('eyJ7S_zG.eyJH0-Z.HX4w-7v')]
    expect((await open().fetch(`${api}/a`)).status).toBe(200)
    expect([proof(-2).nonce, proof(-1).nonce]).toEqual([undefined, 'eyJ7S_zG.eyJH0-Z.HX4w-7v'])
  })

  verifies('RFC9449-8.2-newest', 'also one that came with a 200', async () => {
    answers = [new Response('ok', { headers: { 'dpop-nonce': 'newest' } })]
    await open().fetch(`${api}/a`)
    await open().fetch(`${api}/a`)
    expect(proof(-1).nonce).toBe('newest')
  })

  verifies('RFC9449-9-per-server', 'another API gets its own only', async () => {
    answers = [new Response('ok', { headers: { 'dpop-nonce': 'of-the-first' } })]
    await open().fetch(`${api}/a`)
    await open().fetch(`${other}/a`)
    expect(proof(-1).nonce).toBeUndefined()
  })
})
