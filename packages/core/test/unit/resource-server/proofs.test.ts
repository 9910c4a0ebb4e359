import { describe, expect, test } from 'vitest'
import { StoreError } from '../../../src/base/errors/index.ts'
import type { Store } from '../../../src/base/ports.ts'
import { memoryStore } from '../../../src/records/memory-store.ts'
import { as, audience, here, makeApi, passed, proofKey, refused, tokenOf, useIssuer } from './api.ts'

useIssuer()

const store = memoryStore()
const api = makeApi({ dpop: { store } })
const key = await proofKey()
const stranger = await proofKey()
const seconds = () => Math.floor(Date.now() / 1000)

describe('a bound token with its proof', () => {
  test('passes, and says that its key was proved', async () => {
    const result = await passed(api.protect(await key.request(await key.token())))
    expect(result).toMatchObject({ scheme: 'DPoP', tokenId: 'j-1', headers: {}, identity: { subject: 'ann' } })
  })

  test.each([
    ['a query, which is not part of the proof', `${here}?page=2`, {}],
    ['another spelling of the same address', `${audience}/ord%65rs`, { htu: 'HTTPS://API.EXAMPLE.COM:443/orders' }],
    ['escapes in other letters', `${audience}/a%2fb`, { htu: `${audience}/a%2Fb` }],
    ['query and fragment in the proof', here, { htu: `${here}?x=1#y` }],
  ])('passes with %s', async (_name, url, claims) => {
    await passed(api.protect(await key.request(await key.token(), claims, { url })))
  })

  test.each(['PS256', 'Ed25519', 'RS256'])('passes with a key for %s', async (algorithm) => {
    const other = await proofKey(algorithm)
    await passed(api.protect(await other.request(await other.token())))
  })
})

describe('a proof is refused', () => {
  const base = async (claims: object, header: object = {}) => key.request(await key.token(), claims, { header })
  test.each([
    ['of another type', {}, { typ: 'JWT' }, 'type'],
    ['of an access token’s type', {}, { typ: 'at+jwt' }, 'type'],
    ['without a key', {}, { jwk: undefined }, 'key'],
    ['with a private key', {}, { jwk: key.privateJwk }, 'key'],
    ['with a symmetric key', {}, { jwk: { kty: 'oct', k: 'AAAA' } }, 'key'],
    ['signed by another key than it shows', {}, { jwk: stranger.jwk }, 'signature'],
    ['with an address of keys in place of one', {}, { jwk: undefined, jku: 'https://evil.example.com/keys' }, 'key'],
    ['without jti', { jti: undefined }, {}, 'claims'],
    ['with an empty jti', { jti: '' }, {}, 'claims'],
    ['with a jti of 1 kB', { jti: 'x'.repeat(1024) }, {}, 'claims'],
    ['without htm', { htm: undefined }, {}, 'claims'],
    ['without htu', { htu: undefined }, {}, 'claims'],
    ['without iat', { iat: undefined }, {}, 'claims'],
    ['for another method', { htm: 'POST' }, {}, 'method'],
    ['for the method in other letters', { htm: 'get' }, {}, 'method'],
    ['for another path', { htu: `${audience}/orders/1` }, {}, 'url'],
    ['for another host', { htu: 'https://evil.example.com/orders' }, {}, 'url'],
    ['for plain http', { htu: 'http://api.example.com/orders' }, {}, 'url'],
    ['for an invalid address', { htu: '/orders' }, {}, 'url'],
    ['that is old', { iat: seconds() - 62 }, {}, 'stale'],
    ['from the future', { iat: seconds() + 40 }, {}, 'early'],
    ['without a hash of the token', { ath: undefined }, {}, 'token'],
    ['for another token', { ath: 'fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo' }, {}, 'token'],
    ['past an end of its own', { exp: seconds() - 60 }, {}, 'claims'],
  ])('%s', async (_name, claims, header, fault) => {
    const { status, challenge, reason } = await refused(api.protect(await base(claims, header)))
    expect([status, reason]).toEqual([401, `proof: ${fault}`])
    expect(challenge).toMatch(/^DPoP realm="api", error="invalid_dpop_proof", .*algs="ES256 /)
  })

  test.each([
    ['missing', async () => undefined],
    ['several', async (proof: string) => `${proof}, ${proof}`],
    ['malformed', async () => 'x'],
    ['malformed', async (proof: string) => `${proof}${'A'.repeat(9000)}`],
    ['signature', async (proof: string) => `${proof.slice(0, -6)}AAAAAA`],
    ['algorithm', async () => unsigned()],
  ])('when it is %s', async (fault, make) => {
    const token = await key.token()
    const dpop = await make(await key.proof(token))
    const headers = { authorization: `DPoP ${token}`, ...(dpop !== undefined && { dpop }) }
    expect((await refused(api.protect(new Request(here, { headers })))).reason).toBe(`proof: ${fault}`)
  })

  test('under crit, an extension that would have to be understood', async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    const dpop = `${part({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk, crit: ['x'], x: 1 })}.${part({})}.AAAA`
    const headers = { authorization: `DPoP ${await key.token()}`, dpop }
    expect((await refused(api.protect(new Request(here, { headers })))).reason).toBe('proof: malformed')
  })

  function unsigned(): string {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
    return `${part({ alg: 'none', typ: 'dpop+jwt', jwk: key.jwk })}.${part({})}.`
  }
})

describe('binding', () => {
  test.each([
    ['a token of another key', () => stranger.token()],
    ['a token of no key', () => tokenOf()],
    ['a token bound in another way too', () => tokenOf({ cnf: { jkt: key.thumbprint, 'x5t#S256': 'x' } })],
    ['a token bound in another way', () => tokenOf({ cnf: { 'x5t#S256': 'x' } })],
  ])('%s is refused though the proof is good', async (_name, make) => {
    const { status, challenge, reason } = await refused(api.protect(await key.request(await make())))
    expect([status, reason]).toEqual([401, 'binding'])
    expect(challenge).toMatch(/^DPoP .*error="invalid_token"/)
  })

  test('a bound token does not pass as a bearer token', async () => {
    const headers = { authorization: `Bearer ${await key.token()}` }
    const { status, reason } = await refused(api.protect(new Request(here, { headers })))
    expect([status, reason]).toEqual([401, 'binding'])
    const withProof = { ...headers, dpop: await key.proof(await key.token()) }
    expect((await refused(api.protect(new Request(here, { headers: withProof })))).reason).toBe('binding')
  })

  test('is required where the API says so, and is told of', async () => {
    const strict = makeApi({ dpop: { store, required: true } })
    const { status, challenge } = await refused(
      strict.protect(new Request(here, { headers: { authorization: `Bearer ${await tokenOf()}` } })),
    )
    expect([status, challenge]).toEqual([401, expect.stringMatching(/^DPoP .*error="invalid_token"/)])
    expect((await refused(strict.protect(new Request(here)))).challenge).toMatch(/^DPoP realm="api", algs="[\w ]+"$/)
    await passed(strict.protect(await key.request(await key.token())))
  })

  test('is no way in where the API does not take it', async () => {
    const { status, challenge } = await refused(makeApi().protect(await key.request(await key.token())))
    expect([status, challenge]).toEqual([401, 'Bearer realm="api"'])
  })

  test('who comes with nothing is told of both ways', async () => {
    const { challenge } = await refused(api.protect(new Request(here)))
    expect(challenge).toMatch(/^Bearer realm="api", DPoP realm="api", algs="ES256 [\w ]+"$/)
  })
})

describe('a proof that was used', () => {
  test('is refused the second time, also by another process over the same store', async () => {
    const token = await key.token()
    const request = await key.request(token)
    await passed(api.protect(request))
    expect(await refused(api.protect(request))).toMatchObject({ status: 401, reason: 'the proof was used before' })
    expect((await refused(makeApi({ dpop: { store } }).protect(request))).challenge).toContain('invalid_dpop_proof')
  })

  test('is refused by a process whose clock is a minute behind, for as long as that one takes the proof', async () => {
    let now = Date.now()
    const shared = memoryStore({ clock: { now: () => now } })
    const at = (offset: number) => makeApi({ dpop: { store: shared }, clock: { now: () => now + offset } })
    const request = await key.request(await key.token(), { iat: seconds() })
    await passed(at(30_000).protect(request))
    now += 89_000
    // It still takes proofs of that age.
    await passed(at(-30_000).protect(await key.request(await key.token(), { iat: Math.floor(now / 1000) - 89 })))
    expect(await refused(at(-30_000).protect(request))).toMatchObject({ reason: 'the proof was used before' })
  })

  test('of a hundred at once, one passes', async () => {
    const request = await key.request(await key.token())
    const results = await Promise.all(Array.from({ length: 100 }, () => api.protect(request)))
    expect(results.filter(({ ok }) => ok)).toHaveLength(1)
  })

  test('is not known by another key: jti are unique for each key', async () => {
    const jti = crypto.randomUUID()
    await passed(api.protect(await key.request(await key.token(), { jti })))
    await passed(api.protect(await stranger.request(await stranger.token(), { jti })))
  })

  test('leaves a hash, for as long as the proof could be used', async () => {
    const puts: Parameters<Store['put']>[] = []
    const spy = { ...memoryStore(), specificationVersion: 2 as const, durable: false }
    const watched = Object.assign(spy, {
      put: async (...args: Parameters<Store['put']>) => {
        puts.push(args)
        return '1'
      },
    }) as unknown as Store
    const iat = seconds() - 20
    const request = await key.request(await key.token(), { jti: 'a-readable-jti', iat })
    await passed(makeApi({ dpop: { store: watched } }).protect(request))
    const took = Date.now() / 1000 - (iat + 20)
    expect(puts).toHaveLength(1)
    const [[name, value, options]] = puts as [Parameters<Store['put']>]
    expect(name).toMatch(/^proof:[\w-]{43}$/)
    // Of this one request, and of nothing that came with it.
    expect(new TextDecoder().decode(value)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    // 40 s, 240 s that a request may be under way, and a minute for clocks that are apart.
    expect(options.expiresInSeconds).toBeGreaterThanOrEqual(Math.floor(340 - took))
    expect(options.expiresInSeconds).toBeLessThanOrEqual(341)
  })

  test('with a token that does not pass leaves nothing', async () => {
    const full = memoryStore({ maxEntries: 1 })
    const small = makeApi({ dpop: { store: full } })
    for (const token of [await stranger.token(), await key.token({ exp: 1 }), await key.token({ scope: 'x' })]) {
      await refused(small.protect(await key.request(token), { scopes: ['trade:write'] }))
    }
    await passed(small.protect(await key.request(await key.token())))
  })

  test.each([
    ['is full', memoryStore({ maxEntries: 1 }), true],
    ['does not answer', broken('unavailable'), false],
  ])('cannot be known when the store %s: 503', async (_name, poor, fill) => {
    const poorApi = makeApi({ dpop: { store: poor } })
    if (fill) await passed(poorApi.protect(await key.request(await key.token())))
    const { status, challenge } = await refused(poorApi.protect(await key.request(await key.token())))
    expect([status, challenge]).toEqual([503, ''])
  })

  function broken(reason: 'unavailable'): Store {
    const fail = async () => {
      throw new StoreError(reason, 'down')
    }
    return { specificationVersion: 2, durable: false, put: fail, get: fail } as unknown as Store
  }
})

describe('nonces of the API', () => {
  let now = Date.now()
  const clock = { now: () => now }
  const secret = new Uint8Array(32).fill(7)
  const nonces = { secret, lifetimeSeconds: 100 }
  const strict = makeApi({ clock, dpop: { store, windowSeconds: 600, nonces } })

  test('are asked for, given, and taken', async () => {
    const token = await key.token()
    const first = await refused(strict.protect(await key.request(token)))
    expect(first).toMatchObject({ status: 401, challenge: expect.stringContaining('error="use_dpop_nonce"') })
    const nonce = first.nonce as string
    expect(nonce).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/)
    await passed(strict.protect(await key.request(token, { nonce })))
    // Another process with the same secret.
    const twin = makeApi({ clock, dpop: { store, nonces } })
    await passed(twin.protect(await key.request(token, { nonce })))
  })

  test('are replaced before they run out, and refused after', async () => {
    const token = await key.token({ exp: Math.floor(now / 1000) + 3600 })
    const { nonce } = await refused(strict.protect(await key.request(token)))
    now += 60_000
    const { headers } = await passed(strict.protect(await key.request(token, { nonce })))
    expect(headers['dpop-nonce']).toBeTruthy()
    expect(headers['dpop-nonce']).not.toBe(nonce)
    await passed(strict.protect(await key.request(token, { nonce: headers['dpop-nonce'] })))
    now += 50_000
    const late = await refused(strict.protect(await key.request(token, { nonce })))
    expect(late.challenge).toContain('use_dpop_nonce')
    now = Date.now()
  })

  test('of a process whose clock is a little ahead are taken, and of one far ahead are not', async () => {
    const token = await key.token()
    const ahead = (seconds: number) =>
      makeApi({ clock: { now: () => now + seconds * 1000 }, dpop: { store, windowSeconds: 600, nonces } })
    const given = async (seconds: number) => (await refused(ahead(seconds).protect(await key.request(token)))).nonce
    await passed(strict.protect(await key.request(token, { nonce: await given(20) })))
    const result = await refused(strict.protect(await key.request(token, { nonce: await given(90) })))
    expect(result.challenge).toContain('use_dpop_nonce')
  })

  test.each([
    ['made up', 'abc.def'],
    ['of another secret', undefined],
    ['with its time changed', 'changed'],
    ['no text', 7],
  ])('that are %s are refused', async (_name, given) => {
    const token = await key.token()
    const { nonce } = await refused(strict.protect(await key.request(token)))
    const others = makeApi({ dpop: { store, nonces: { secret: new Uint8Array(32).fill(8) } } })
    const foreign = (await refused(others.protect(await key.request(token)))).nonce
    const used = given === undefined ? foreign : given === 'changed' ? nonce?.replace(/^./, '0') : given
    const result = await refused(strict.protect(await key.request(token, { nonce: used })))
    expect(result.challenge).toContain('use_dpop_nonce')
  })
})

describe('the options', () => {
  test.each([
    ['no store', {}, 'createResourceServer.dpop.store'],
    ['an unknown one', { store, nonce: true }, 'createResourceServer.dpop.nonce'],
    ['a symmetric algorithm', { store, algorithms: ['HS256'] }, 'createResourceServer.dpop.algorithms[0]'],
    ['no algorithm', { store, algorithms: ['none'] }, 'createResourceServer.dpop.algorithms[0]'],
    ['a window of a day', { store, windowSeconds: 86_400 }, 'createResourceServer.dpop.windowSeconds'],
    ['a short secret', { store, nonces: { secret: 'abc' } }, 'createResourceServer.dpop.nonces.secret'],
  ])('are refused: %s', (_name, dpop, option) => {
    expect(() => makeApi({ dpop })).toThrow(expect.objectContaining({ code: 'ERR_CONFIGURATION', option }))
  })
})

test('no key is fetched for a proof, whatever its header names', async () => {
  const before = as.requests.length
  const header = { jku: 'https://evil.example.com/keys', x5u: 'https://evil.example.com/cert', kid: 'x' }
  await passed(api.protect(await key.request(await key.token(), {}, { header })))
  expect(as.requests.slice(before).every((request) => !request.includes('evil'))).toBe(true)
})
