import { exportJWK, exportSPKI, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test, vi } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { accessTokenClaims, everythingShownBy, mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const audience = accessTokenClaims.aud
const issuer = 'https://as.example.com'
const as = await mockIssuer(issuer)
const server = useMsw(...as.handlers)
const now = () => Math.floor(Date.now() / 1000)
const connect = (surroundings: object = {}) =>
  connectAuthorizationServer(oidc({ issuer, clientId: 'agent-app' }), surroundingsOf('test', surroundings))
const verify = (token: string, options: object = {}) =>
  connect().verifyJwt(token, { audience, types: ['at+jwt'], ...options })

beforeEach(() => {
  as.requests.length = 0
})

describe('a token that verifies', () => {
  test('gives its claims, type and algorithm', async () => {
    const { claims, type, algorithm } = await verify(await as.sign(accessTokenClaims))
    expect(claims).toMatchObject({ iss: issuer, sub: 'ann', aud: audience })
    expect([type, algorithm]).toEqual(['at+jwt', 'ES256'])
  })

  test.each([
    ['in a list of audiences', { aud: ['https://other', audience] }, {}],
    ['of the type with its prefix', {}, { typ: 'application/at+jwt' }],
    ['of the type in other letters', {}, { typ: 'AT+JWT' }],
    ['expired within the tolerance', { exp: now() - 25 }, {}],
    ['not yet valid within the tolerance', { nbf: now() + 25 }, {}],
    ['issued in the future within the tolerance', { iat: now() + 25 }, {}],
  ])('%s', async (_name, claims, header) => {
    await expect(verify(await as.sign({ ...accessTokenClaims, ...claims }, header))).resolves.toBeDefined()
  })

  test("at the time of the app's clock", async () => {
    const token = await as.sign({ ...accessTokenClaims, iat: now() - 1_200, exp: now() - 600 })
    const past = { now: () => Date.now() - 700_000 }
    await expect(connect({ clock: past }).verifyJwt(token, { audience })).resolves.toBeDefined()
  })

  test('but no expired one where the clock is a year behind; the error has both times', async () => {
    const issued = Date.parse('2026-11-25T10:00:00Z') / 1000
    const token = await as.sign({ ...accessTokenClaims, iat: issued, exp: issued + 300 })
    const behind = connect({ clock: { now: () => Date.parse('2025-11-25T10:00:00Z') } })
    const error = await rejection(behind.verifyJwt(token, { audience }))
    expect(error).toMatchObject({
      reason: 'not_yet_valid',
      message:
        "this machine's clock is behind: it shows 2025-11-25T10:00:00.000Z, and the token was issued at 2026-11-25T10:00:00.000Z: set it by NTP",
    })
  })

  test.each([
    ['absent', undefined],
    ['JWT', 'jwt'],
  ])('with a type that is %s, where that is accepted', async (_name, typ) => {
    const header = typ === undefined ? {} : { typ }
    const token = await new SignJWT({ ...accessTokenClaims, iss: issuer, exp: now() + 60 })
      .setProtectedHeader({ alg: 'ES256', kid: as.kid, ...header })
      .sign(as.pair.privateKey)
    await expect(verify(token, { types: ['', 'jwt'] })).resolves.toBeDefined()
    expect(await rejection(verify(token))).toMatchObject({ reason: 'type' })
  })
})

describe('token confusion is refused', async () => {
  const stranger = await mockIssuer('https://evil.example.com')
  const claims = { ...accessTokenClaims, iss: issuer, exp: now() + 60 }
  const spki = new TextEncoder().encode(await exportSPKI(as.pair.publicKey))
  const jwkText = new TextEncoder().encode(JSON.stringify(as.keys[0]))
  const hs256 = (key: Uint8Array) =>
    new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: as.kid, typ: 'at+jwt' }).sign(key)
  const [header, payload, signature] = (await as.sign(accessTokenClaims)).split('.') as [string, string, string]
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

  const tokens: [string, string, string][] = [
    ['alg none', new UnsecuredJWT(claims).encode(), 'algorithm'],
    [
      'alg none with the signature kept',
      `${encode({ alg: 'none', typ: 'at+jwt' })}.${payload}.${signature}`,
      'algorithm',
    ],
    ['HS256 under the public key as PEM', await hs256(spki), 'algorithm'],
    ['HS256 under the public key as JWK', await hs256(jwkText), 'algorithm'],
    ['another audience', await as.sign({ ...accessTokenClaims, aud: 'https://other.example.com' }), 'audience'],
    [
      'an audience that begins with ours',
      await as.sign({ ...accessTokenClaims, aud: `${audience}.evil.com` }),
      'audience',
    ],
    ['no audience', await as.sign({ sub: 'ann' }), 'claims'],
    ['another issuer with the same subject', await stranger.sign({ ...accessTokenClaims }, { kid: as.kid }), 'issuer'],
    [
      'another issuer, signed by ours',
      await as.sign({ ...accessTokenClaims, iss: 'https://evil.example.com' }),
      'issuer',
    ],
    ['expired', await as.sign({ ...accessTokenClaims, exp: now() - 31 }), 'expired'],
    ['no exp', await as.sign({ ...accessTokenClaims, exp: undefined } as never), 'claims'],
    ['not yet valid', await as.sign({ ...accessTokenClaims, nbf: now() + 40 }), 'not_yet_valid'],
    ['issued in the future', await as.sign({ ...accessTokenClaims, iat: now() + 40 }), 'not_yet_valid'],
    ['issued at a text', await as.sign({ ...accessTokenClaims, iat: 'soon' as never }), 'claims'],
    ['a time that is a text', await as.sign({ ...accessTokenClaims, exp: '9999999999' } as never), 'claims'],
    ['another type', await as.sign(accessTokenClaims, { typ: 'JWT' }), 'type'],
    ['a line break behind it', `${await as.sign(accessTokenClaims)}\n`, 'malformed'],
    ['padding behind it', `${await as.sign(accessTokenClaims)}==`, 'malformed'],
    ['a space before it', ` ${await as.sign(accessTokenClaims)}`, 'malformed'],
    ['an unknown kid', await as.sign(accessTokenClaims, { kid: 'elsewhere' }), 'unknown_key'],
    ['a kid that is a path', await as.sign(accessTokenClaims, { kid: '../../etc/passwd' }), 'unknown_key'],
    ['a foreign key under our kid', await as.sign(accessTokenClaims, {}, stranger.pair.privateKey), 'signature'],
    [
      'a foreign key, named by jku',
      await as.sign(accessTokenClaims, { jku: 'https://evil.example.com/jwks' }, stranger.pair.privateKey),
      'signature',
    ],
    [
      'a foreign key, brought along as jwk',
      await as.sign(
        accessTokenClaims,
        { jwk: await exportJWK(stranger.pair.publicKey) } as never,
        stranger.pair.privateKey,
      ),
      'signature',
    ],
    ['changed claims', `${header}.${encode({ ...claims, sub: 'bob' })}.${signature}`, 'signature'],
    ['no signature', `${header}.${payload}.`, 'signature'],
    ['two parts', `${header}.${payload}`, 'malformed'],
    ['no JSON inside', `${header}.${Buffer.from('nope').toString('base64url')}.${signature}`, 'malformed'],
    ['no JWT at all', 'opaque-token', 'malformed'],
    ['nothing', '', 'malformed'],
    ['1 MB', `${header}.${'A'.repeat(1 << 20)}.${signature}`, 'too_large'],
  ]
  test.each(tokens)('%s', async (_name, token, reason) => {
    const error = await rejection(verify(token))
    expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason })
    if (token.length > 20) expect(everythingShownBy(error)).not.toContain(token.slice(-20))
  })

  test.each([
    ['audience', { aud: 'https://other.example.com' }, /"https:\/\/other\.example\.com" is not "https:/],
    ['issuer', { iss: 'https://evil.example.com' }, /"https:\/\/evil\.example\.com" is not "https:/],
  ])(
    'another %s is shown beside the expected one, with its cause where the keys are known',
    async (reason, other, message) => {
      const connected = connect()
      await connected.verifyJwt(await as.sign(accessTokenClaims), { audience })
      const token = await as.sign({ ...accessTokenClaims, ...other })
      const error = await rejection(connected.verifyJwt(token, { audience }))
      expect(error).toMatchObject({ reason, cause: { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' } })
      expect((error as Error).message).toMatch(message)
    },
  )

  test.each([['http://example.com/ext'], ['b64']])('crit: %s', async (extension) => {
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid: as.kid, typ: 'at+jwt', crit: [extension], [extension]: true })
      .sign(as.pair.privateKey, { crit: { [extension]: true } })
    expect(await rejection(verify(token))).toMatchObject({ reason: 'malformed' })
  })

  test('1 MB costs no request', async () => {
    await rejection(verify('A'.repeat(1 << 20)))
    expect(as.requests).toEqual([])
  })

  test('a jku costs no request to it', async () => {
    // msw fails the test on a request that nothing expects.
    await rejection(
      verify(await as.sign(accessTokenClaims, { jku: 'https://evil.example.com/jwks' }, stranger.pair.privateKey)),
    )
    expect(as.requests).toEqual(['GET /.well-known/openid-configuration', 'GET /jwks'])
  })
})

describe("the issuer's keys", () => {
  test('are fetched again for an unknown kid, at most once in 30 s', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const connected = connect()
      await connected.verifyJwt(await as.sign(accessTokenClaims), { audience })
      const next = await generateKeyPair('ES256')
      const token = await as.sign(accessTokenClaims, { kid: 'next' }, next.privateKey)
      const jwks = () => as.requests.filter((request) => request === 'GET /jwks').length
      for (let i = 0; i < 20; i++) await rejection(connected.verifyJwt(token, { audience }))
      expect(jwks()).toBe(2)
      as.keys.push({ ...(await exportJWK(next.publicKey)), kid: 'next', alg: 'ES256' })
      vi.setSystemTime(Date.now() + 31_000)
      await Promise.all([1, 2, 3].map(() => connected.verifyJwt(token, { audience })))
      expect(jwks()).toBe(3)
      as.keys.pop()
    } finally {
      vi.useRealTimers()
    }
  })

  test('that were withdrawn are trusted for ten minutes at most', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const connected = connect({ clock: { now: () => 1_700_000_000_000 } })
      const token = await as.sign({ ...accessTokenClaims, iat: 1_700_000_000, exp: 1_700_000_100 })
      await connected.verifyJwt(token, { audience })
      server.use(http.get(`${issuer}/jwks`, () => HttpResponse.json({ keys: [] })))
      vi.setSystemTime(Date.now() + 601_000)
      expect(await rejection(connected.verifyJwt(token, { audience }))).toMatchObject({ reason: 'unknown_key' })
    } finally {
      vi.useRealTimers()
    }
  })

  test('that were withdrawn are not trusted for longer where the clock was set back', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const connected = connect({ clock: { now: () => 1_700_000_000_000 } })
      const token = await as.sign({ ...accessTokenClaims, iat: 1_700_000_000, exp: 1_700_000_100 })
      // Twice, so that the key is at hand.
      for (let i = 0; i < 2; i++) await connected.verifyJwt(token, { audience })
      server.use(http.get(`${issuer}/jwks`, () => HttpResponse.json({ keys: [] })))
      vi.setSystemTime(Date.now() - 3_600_000)
      expect(await rejection(connected.verifyJwt(token, { audience }))).toMatchObject({ reason: 'unknown_key' })
    } finally {
      vi.useRealTimers()
    }
  })

  test('that a newer set lacks are trusted no longer', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    try {
      const connected = connect({ clock: { now: () => 1_700_000_000_000 } })
      const token = await as.sign({ ...accessTokenClaims, iat: 1_700_000_000, exp: 1_700_000_100 })
      // Twice, so that the key is at hand.
      for (let i = 0; i < 2; i++) await connected.verifyJwt(token, { audience })
      const next = await generateKeyPair('ES256')
      const keys = [{ ...(await exportJWK(next.publicKey)), kid: 'next', alg: 'ES256' }]
      server.use(http.get(`${issuer}/jwks`, () => HttpResponse.json({ keys })))
      vi.setSystemTime(Date.now() + 31_000)
      const newer = await as.sign(
        { ...accessTokenClaims, iat: 1_700_000_000, exp: 1_700_000_100 },
        { kid: 'next' },
        next.privateKey,
      )
      // Twice again: a key of the newer set is at hand, and the older ones must not be so beside it.
      for (let i = 0; i < 2; i++) await connected.verifyJwt(newer, { audience })
      expect(await rejection(connected.verifyJwt(token, { audience }))).toMatchObject({ reason: 'unknown_key' })
    } finally {
      vi.useRealTimers()
    }
  })

  test.each([
    ['an outage', () => new HttpResponse(null, { status: 503, headers: { 'retry-after': '3' } }), 'ERR_TRANSPORT'],
    ['no answer', () => HttpResponse.error(), 'ERR_TRANSPORT'],
    ['another status', () => new HttpResponse(null, { status: 404 }), 'ERR_INVALID_RESPONSE'],
    ['a redirect', () => HttpResponse.redirect('https://evil.example.com/jwks'), 'ERR_INVALID_RESPONSE'],
    ['no key set', () => HttpResponse.json({ nothing: 1 }), 'ERR_INVALID_RESPONSE'],
    ['no JSON', () => new HttpResponse('<html>'), 'ERR_INVALID_RESPONSE'],
    ['too much', () => new HttpResponse(' '.repeat(600 * 1024)), 'ERR_INVALID_RESPONSE'],
  ])('that do not come are no fault of the token: %s', async (_name, respond, code) => {
    server.use(http.get(`${issuer}/jwks`, respond))
    expect(await rejection(verify(await as.sign(accessTokenClaims)))).toMatchObject({ code })
  })

  test('are waited for no longer than the caller has', async () => {
    server.use(http.get(`${issuer}/jwks`, () => new Promise<never>(() => {})))
    const waiting = connect({ timeoutMs: 200 }).verifyJwt(await as.sign(accessTokenClaims), { audience })
    expect(await rejection(waiting)).toMatchObject({ code: 'ERR_TRANSPORT', message: 'no answer within 200 ms' })
    const signal = AbortSignal.timeout(50)
    expect(await rejection(connect().verifyJwt(await as.sign(accessTokenClaims), { audience, signal }))).toBe(
      signal.reason,
    )
  })

  test('that are several need a kid', async () => {
    as.keys.push({ ...(await exportJWK((await generateKeyPair('ES256')).publicKey)), kid: 'second', alg: 'ES256' })
    const token = await as.sign(accessTokenClaims, { kid: undefined } as never)
    expect(await rejection(verify(token))).toMatchObject({ reason: 'signature' })
    as.keys.pop()
  })
})
