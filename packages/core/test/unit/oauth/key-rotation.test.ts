import { verifies } from '@behalf/testing/requirements'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import { HttpResponse, http } from 'msw'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const server = useMsw(...as.handlers)
const audience = accessTokenClaims.aud
const first: JWK[] = [...as.keys]

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  as.requests.length = 0
})
afterEach(() => {
  vi.useRealTimers()
  as.keys.splice(0, as.keys.length, ...first)
})

const later = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000)
const keyRequests = () => as.requests.filter((request) => request === 'GET /jwks').length
const lasting = () => {
  const iat = Math.floor(Date.now() / 1000)
  return { ...accessTokenClaims, iat, exp: iat + 7200 }
}

/** A server that has fetched the issuer's first keys a moment ago. */
async function warm() {
  // No profile is shared, and so no keys are.
  const profile = oidc({ issuer: as.issuer, clientId: 'app', algorithms: ['ES256', 'PS256'] })
  const connected = connectAuthorizationServer(profile, surroundingsOf('test', {}))
  const verify = (jwt: string) => connected.verifyJwt(jwt, { audience })
  await verify(await as.sign(lasting()))
  return verify
}

/** A new key of the issuer, which `publish` adds to its set, or puts in the place of the others. */
async function newKey(kid: string) {
  const pair = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(pair.publicKey)), kid, alg: 'ES256', use: 'sig' }
  return {
    jwk,
    publish: () => as.keys.push(jwk),
    replace: () => as.keys.splice(0, as.keys.length, jwk),
    sign: () => as.sign(lasting(), { kid }, pair.privateKey),
  }
}
const madeUp = (kid: string) => as.sign(lasting(), { kid })

describe('an issuer rotates its keys', () => {
  test.each([0, 1, 29, 31, 599, 601])(
    'and a token by the new key verifies %i s after the keys were fetched',
    async (seconds) => {
      const verify = await warm()
      later(seconds)
      const next = await newKey('next')
      next.publish()
      await verify(await next.sign())
      expect(keyRequests()).toBe(2)
    },
  )

  test('and a token by the new key verifies right after the keys aged and were fetched again', async () => {
    const verify = await warm()
    later(601)
    await verify(await as.sign(lasting()))
    const next = await newKey('next')
    next.publish()
    await verify(await next.sign())
    expect(keyRequests()).toBe(3)
  })

  test(verifies('I4', 'and many tokens by the new key cause one request'), async () => {
    const verify = await warm()
    const next = await newKey('next')
    next.publish()
    const tokens = await Promise.all(Array.from({ length: 20 }, () => next.sign()))
    await Promise.all(tokens.map(verify))
    expect(keyRequests()).toBe(2)
  })

  test('while a request for its keys is under way, and the token by the new key verifies', async () => {
    const verify = await warm()
    later(601)
    const next = await newKey('next')
    const old = [...as.keys]
    const token = await next.sign()
    let joined: Promise<unknown> | undefined
    server.use(
      http.get(
        `${as.issuer}/jwks`,
        async () => {
          // Answered with the old keys, and on its way while the new one is published and used.
          next.publish()
          joined = verify(token)
          await new Promise((resolve) => setTimeout(resolve, 30))
          return HttpResponse.json({ keys: old })
        },
        { once: true },
      ),
    )
    await verify(await as.sign(lasting()))
    await joined
  })

  test('and the withdrawn key is refused for good, however often it is presented', async () => {
    const verify = await warm()
    const old = await as.sign(lasting())
    const next = await newKey('next')
    next.replace()
    await verify(await next.sign())
    for (let i = 0; i < 5; i++) expect(await rejection(verify(old))).toMatchObject({ reason: 'unknown_key' })
    expect(keyRequests()).toBe(2)
  })
})

describe('made-up kids', () => {
  test(verifies('I4', 'cause one request in 30 s, however many there are'), async () => {
    const verify = await warm()
    for (let second = 0; second < 90; second += 3) {
      await Promise.all([1, 2].map(async (n) => rejection(verify(await madeUp(`made-up-${second}-${n}`)))))
      later(3)
    }
    expect(keyRequests()).toBe(1 + 3)
  })

  test('cause no more requests under a known kid and another algorithm', async () => {
    const verify = await warm()
    const { privateKey } = await generateKeyPair('PS256')
    for (let i = 0; i < 10; i++) {
      const jwt = await as.sign(lasting(), { alg: 'PS256' }, privateKey)
      expect(await rejection(verify(jwt))).toMatchObject({ reason: 'unknown_key' })
    }
    expect(keyRequests()).toBe(2)
  })

  test('do not make a new key invalid: its token is refused as not known yet, and verifies within 30 s', async () => {
    const verify = await warm()
    expect(await rejection(verify(await madeUp('made-up')))).toMatchObject({ reason: 'unknown_key' })
    const next = await newKey('next')
    next.publish()
    later(10)
    const token = await next.sign()
    expect(await rejection(verify(token))).toMatchObject({ code: 'ERR_TRANSPORT', retryable: true, retryAfter: 20 })
    expect(await rejection(verify(await madeUp('made-up')))).toMatchObject({ reason: 'unknown_key' })
    expect(keyRequests()).toBe(2)
    later(20)
    await verify(token)
    expect(keyRequests()).toBe(3)
  })

  test('fill no memory: of those that were asked for, the latest are kept', async () => {
    const verify = await warm()
    for (let i = 0; i < 70; i++) {
      await rejection(verify(await madeUp(`made-up-${i}`)))
      later(30)
    }
    await rejection(verify(await madeUp('the-last')))
    expect(await rejection(verify(await madeUp('made-up-0')))).toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(await rejection(verify(await madeUp('made-up-69')))).toMatchObject({ reason: 'unknown_key' })
  })
})

describe('a request for new keys', () => {
  test('that failed is made again after 5 s, and refuses no token for good', async () => {
    const verify = await warm()
    const next = await newKey('next')
    next.publish()
    const token = await next.sign()
    const down = () => new HttpResponse(null, { status: 503, headers: { 'retry-after': '1' } })
    server.use(http.get(`${as.issuer}/jwks`, down, { once: true }))
    for (let i = 0; i < 3; i++) expect(await rejection(verify(token))).toMatchObject({ code: 'ERR_TRANSPORT' })
    expect(keyRequests()).toBe(1)
    later(5)
    await verify(token)
    expect(keyRequests()).toBe(2)
  })

  test('is not put off by a clock that was set back', async () => {
    const verify = await warm()
    await rejection(verify(await madeUp('made-up')))
    const next = await newKey('next')
    next.publish()
    later(-3600)
    await verify(await next.sign())
  })
})
