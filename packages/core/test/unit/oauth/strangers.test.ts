import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const stranger = await mockIssuer('https://evil.example.com')
useMsw(...as.handlers, ...stranger.handlers)
const audience = accessTokenClaims.aud

/** The one server of an app, and how it takes a token. */
function soleServer() {
  const server = connectAuthorizationServer(oidc({ issuer: as.issuer, clientId: 'app' }), surroundingsOf('test', {}))
  return (jwt: string) => server.verifyJwt(jwt, { audience })
}

describe("another issuer's token costs the app no request", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['Date'] })
    as.requests.length = 0
  })
  afterEach(() => void vi.useRealTimers())

  const theirs = (header = {}) => stranger.sign(accessTokenClaims, header)

  test('where nothing was asked for yet', async () => {
    expect(await rejection(soleServer()(await theirs()))).toMatchObject({ reason: 'issuer' })
    expect(as.requests).toEqual([])
  })

  test.each([
    ['a key that is not known, and looking for it is allowed again', 60_000],
    ['keys that have aged', 11 * 60_000],
  ])('where it asks for %s', async (_, later) => {
    const verify = soleServer()
    await verify(await as.sign(accessTokenClaims))
    as.requests.length = 0
    vi.setSystemTime(Date.now() + later)
    expect(await rejection(verify(await theirs()))).toMatchObject({ reason: 'issuer' })
    expect(as.requests).toEqual([])
    // One of our own does.
    await rejection(verify(await as.sign(accessTokenClaims, { kid: 'a-new-one' })))
    expect(as.requests).toEqual(['GET /jwks'])
  })

  test('and one under the name of our key is told by its issuer, not by its signature', async () => {
    const verify = soleServer()
    await verify(await as.sign(accessTokenClaims))
    expect(await rejection(verify(await theirs({ kid: as.kid })))).toMatchObject({ reason: 'issuer' })
  })
})
