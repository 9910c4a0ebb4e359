import { verifies } from '@behalf/testing/requirements'
import { describe, expect } from 'vitest'
import { memoryStore } from '../../src/records/memory-store.ts'
import { type ExpectedProof, type ProofVerdict, verifyProof } from '../../src/resource-server/verify-proof.ts'
import { audience, here, makeApi, passed, proofKey, refused, tokenOf, useIssuer } from '../unit/resource-server/api.ts'
import { rfc9449Example } from './rfc9449-fixtures.ts'

useIssuer()

const store = memoryStore()
const api = makeApi({ dpop: { store } })
const strict = makeApi({ dpop: { store, nonces: { secret: new Uint8Array(32).fill(1) } } })
const key = await proofKey()
const stranger = await proofKey()
const ask = async (claims: object = {}, header: object = {}, token?: string) =>
  api.protect(await key.request(token ?? (await key.token()), claims, { header }))
const faultOf = async (claims: object, header: object = {}) => (await refused(ask(claims, header))).reason

const { tokenRequest, resourceRequest, accessToken, thumbprint } = rfc9449Example
const expected = (changes: Partial<ExpectedProof> = {}): ExpectedProof => ({
  method: 'GET',
  url: 'https://resource.example.org/protectedresource',
  accessToken,
  algorithms: ['ES256'],
  windowSeconds: 60,
  now: 1_562_262_618,
  ...changes,
})
const fault = (verdict: ProofVerdict) => (verdict.ok ? undefined : verdict.fault)

describe("RFC 9449: the specification's examples", () => {
  verifies('RFC9449-4.3-6', 'the proof of §7 verifies, and not with a character changed', async () => {
    expect(await verifyProof(resourceRequest, expected())).toEqual({
      ok: true,
      thumbprint,
      jti: 'e1j3V_bKic8-LAEB',
      issuedAt: 1_562_262_618,
    })
    const changed = resourceRequest.replace(/A$/, 'Q')
    expect(fault(await verifyProof(changed, expected()))).toBe('signature')
    expect(await faultOf({}, { jwk: stranger.jwk })).toBe('proof: signature')
  })

  verifies('RFC9449-6.1-cnf', 'the thumbprint of §6.1, from the proof of §4', async () => {
    const at = { method: 'POST', url: 'https://server.example.com/token', now: 1_562_262_616 }
    const { accessToken: _, ...rest } = expected(at)
    expect(await verifyProof(tokenRequest, rest)).toMatchObject({ ok: true, thumbprint, jti: '-BwC3ESc6acc2lTc' })
    await passed(ask({}, {}, await key.token({ cnf: { jkt: key.thumbprint } })))
  })

  verifies('RFC9449-4.3-8', 'method', async () => {
    expect(fault(await verifyProof(resourceRequest, expected({ method: 'POST' })))).toBe('method')
    expect(await faultOf({ htm: 'POST' })).toBe('proof: method')
  })

  verifies('RFC9449-4.3-9', 'address', async () => {
    const other = expected({ url: 'https://resource.example.org/other' })
    expect(fault(await verifyProof(resourceRequest, other))).toBe('url')
    const same = expected({ url: 'HTTPS://resource.example.org:443/%70rotectedresource?x=1#y' })
    expect(fault(await verifyProof(resourceRequest, same))).toBeUndefined()
  })

  verifies('RFC9449-4.3-11', 'time', async () => {
    for (const now of [1_562_262_618 + 61, 1_562_262_618 - 31]) {
      expect(['stale', 'early']).toContain(fault(await verifyProof(resourceRequest, expected({ now }))))
    }
  })

  verifies('RFC9449-4.3-12-ath', 'token', async () => {
    expect(fault(await verifyProof(resourceRequest, expected({ accessToken: `${accessToken}x` })))).toBe('token')
  })
})

describe('RFC 9449: the resource server', () => {
  verifies('RFC9449-4.3-1', 'two headers are one with a comma', async () => {
    const token = await key.token()
    const headers = new Headers({ authorization: `DPoP ${token}` })
    for (let times = 0; times < 2; times++) headers.append('dpop', await key.proof(token))
    expect((await refused(api.protect(new Request(here, { headers })))).reason).toBe('proof: several')
  })

  verifies('RFC9449-4.3-2', 'none of these', async () => {
    const token = await key.token()
    for (const dpop of ['x', 'a.b', 'a.b.c', `${await key.proof(token)}.x`, '..']) {
      const headers = { authorization: `DPoP ${token}`, dpop }
      expect((await refused(api.protect(new Request(here, { headers })))).challenge).toContain('invalid_dpop_proof')
    }
  })

  verifies('RFC9449-4.3-3', 'each of them', async () => {
    for (const claim of ['jti', 'htm', 'htu', 'iat']) {
      expect(await faultOf({ [claim]: undefined }), claim).toBe('proof: claims')
    }
  })

  verifies('RFC9449-4.3-4', 'an access token is not a proof', async () => {
    for (const typ of ['JWT', 'at+jwt', undefined]) expect(await faultOf({}, { typ })).toBe('proof: type')
  })

  verifies('RFC9449-4.3-5', 'also where the signature would hold', async () => {
    const narrow = makeApi({ dpop: { store, algorithms: ['PS256'] } })
    expect((await refused(narrow.protect(await key.request(await key.token())))).reason).toBe('proof: algorithm')
    for (const algorithms of [['none'], ['HS256']]) {
      expect(() => makeApi({ dpop: { store, algorithms } })).toThrow(/asymmetric/)
    }
  })

  verifies('RFC9449-4.3-7', 'though its public half is right', async () => {
    expect(await faultOf({}, { jwk: key.privateJwk })).toBe('proof: key')
  })

  verifies('RFC9449-4.3-10', 'nor with another', async () => {
    for (const nonce of [undefined, 'x']) {
      const result = await refused(strict.protect(await key.request(await key.token(), { nonce })))
      expect(result.challenge).toContain('error="use_dpop_nonce"')
    }
  })

  verifies('RFC9449-4.3-12-key', 'though both are good', async () => {
    expect((await refused(ask({}, {}, await stranger.token()))).reason).toBe('binding')
  })

  verifies('RFC9449-7.1-challenge', 'no proof, and a proof for another request', async () => {
    const token = await key.token()
    const bare = new Request(here, { headers: { authorization: `DPoP ${token}` } })
    for (const request of [bare, await key.request(token, { htu: `${audience}/x` })]) {
      const { status, challenge } = await refused(api.protect(request))
      expect(status).toBe(401)
      expect(challenge).toMatch(
        /^DPoP realm="api", error="invalid_dpop_proof", error_description="[^"]+", algs="[^"]+"$/,
      )
    }
  })

  verifies('RFC9449-7.2-bearer', 'with or without a proof beside it', async () => {
    const token = await key.token()
    for (const more of [{}, { dpop: await key.proof(token) }]) {
      const request = new Request(here, { headers: { authorization: `Bearer ${token}`, ...more } })
      expect(await refused(api.protect(request))).toMatchObject({ status: 401, reason: 'binding' })
      expect((await refused(makeApi().protect(request))).reason).toBe('binding')
    }
    await passed(api.protect(new Request(here, { headers: { authorization: `Bearer ${await tokenOf()}` } })))
  })

  verifies('RFC9449-8.1-syntax', 'those of ours', async () => {
    const { nonce } = await refused(strict.protect(await key.request(await key.token())))
    expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
  })

  verifies('RFC9449-9-use_dpop_nonce', 'and the second request passes', async () => {
    const token = await key.token()
    const { status, challenge, nonce } = await refused(strict.protect(await key.request(token)))
    expect([status, challenge]).toEqual([401, expect.stringMatching(/^DPoP .*error="use_dpop_nonce"/)])
    await passed(strict.protect(await key.request(token, { nonce })))
  })

  verifies('RFC9449-11.1-replay', 'once, and no longer than it lives', async () => {
    let now = Date.now()
    const clock = { now: () => now }
    const own = memoryStore({ clock, maxEntries: 1 })
    const timed = makeApi({ clock, dpop: { store: own } })
    const request = await key.request(await key.token())
    await passed(timed.protect(request))
    expect((await refused(timed.protect(request))).reason).toBe('the proof was used before')
    // The store has room for one: what has run out is gone, five minutes later for slow bodies and clocks that are apart.
    now += 370_000
    const iat = Math.floor(now / 1000)
    await passed(timed.protect(await key.request(await key.token({ exp: iat + 60 }), { iat })))
  })
})
