import { describe, expect, test } from 'vitest'
import { ConfigurationError } from '../../../src/base/errors/index.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { isVerified } from '../../../src/identity/verified.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { accessTokenHash, verifyIdToken } from '../../../src/identity/verify-id-token.ts'
import { verifyRequest } from '../../../src/identity/verify-request.ts'
import { verifyTokenResponse } from '../../../src/identity/verify-token-response.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
useMsw(...as.handlers)
const key = await generateDpopKey()
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app' })
const withKey = oidc({ issuer: as.issuer, clientId: 'agent-app', dpop: key })
const audience = accessTokenClaims.aud
const access = (more: object = {}) => as.sign({ ...accessTokenClaims, ...more })
const login = (more: object = {}) => as.sign({ sub: 'ann', aud: 'agent-app', ...more }, { typ: 'JWT' })
const request = (authorization: string) => new Request('https://agent.example.com/', { headers: { authorization } })

test.each([[undefined], [null], ['text'], [7], [{}]])('%o is no verified identity (I1)', (value) => {
  expect(isVerified(value)).toBe(false)
})

describe('an unknown option is refused before anything is verified (E3)', () => {
  const wrong = { authorizationServer, audience, clockTolerance: 60 } as never
  test.each([
    ['verifyAccessToken', () => verifyAccessToken('x', wrong)],
    ['verifyRequest', () => verifyRequest(request('Bearer x'), wrong)],
    ['verifyIdToken', () => verifyIdToken('x', { authorizationServer, audiences: [] } as never)],
    ['verifyTokenResponse', () => verifyTokenResponse({}, { authorizationServer, accessToken: 'x' } as never)],
  ])('%s', async (_, verify) => {
    expect(await rejection(verify())).toBeInstanceOf(ConfigurationError)
  })
})

describe('a bound token (I8)', () => {
  test('that is ours is taken by its holder, and one that is bound to no key too', async () => {
    const bound = await access({ cnf: { jkt: key.thumbprint } })
    const options = { authorizationServer, audience }
    expect(await verifyAccessToken(bound, { ...options, boundTo: key })).toMatchObject({ subject: 'ann' })
    expect(await verifyAccessToken(await access(), { ...options, boundTo: key })).toMatchObject({ subject: 'ann' })
    expect(await rejection(verifyAccessToken(bound, options))).toMatchObject({
      reason: 'binding',
      message: expect.stringContaining('was not proved'),
    })
    const others = await access({ cnf: { jkt: 'another' } })
    expect(await rejection(verifyAccessToken(others, { ...options, boundTo: key }))).toMatchObject({
      reason: 'binding',
    })
  })

  test.each([[{ jkt: 7 }], [{}], ['text'], [{ jkt: 'ok', 'x5t#S256': 'more' }], [null]])(
    'with the confirmation %o is refused',
    async (cnf) => {
      const token = await access({ cnf })
      const proved = { authorizationServer, audience, proveKey: async () => 'ok' }
      expect(await rejection(verifyRequest(request(`DPoP ${token}`), proved))).toMatchObject({ reason: 'binding' })
    },
  )

  test.each([[undefined], [''], [7]])('whose proof gives %o is refused', async (proved) => {
    const token = await access()
    const options = { authorizationServer, audience, proveKey: async () => proved as never }
    expect(await rejection(verifyRequest(request(`DPoP ${token}`), options))).toMatchObject({
      reason: 'binding',
      message: expect.stringContaining('proof of the key is invalid'),
    })
  })

  test('of a request ends with that request, or with the signal that was given', async () => {
    const strangers = oidc({ issuer: 'https://slow.example.com', clientId: 'agent-app' })
    const token = await access()
    const gone = AbortSignal.abort(new Error('gone'))
    const aborted = new Request('https://agent.example.com/', {
      headers: { authorization: `Bearer ${token}` },
      signal: gone,
    })
    const options = {
      authorizationServer: (issuer: string) =>
        issuer === as.issuer ? oidc({ issuer, clientId: 'agent-app' }) : strangers,
      audience,
    }
    await expect(verifyRequest(aborted, options)).rejects.toThrow('gone')
    await expect(verifyRequest(request(`Bearer ${token}`), { ...options, signal: gone })).rejects.toThrow('gone')
  })
})

describe('an id_token', () => {
  test.each([[7], [''], [['hash']]])('with the hash %o belongs to no access token', async (at_hash) => {
    const token = await login({ at_hash })
    expect(await rejection(verifyIdToken(token, { authorizationServer, accessToken: 'x' }))).toMatchObject({
      reason: 'binding',
    })
  })

  test('with the right hash in a list belongs to no access token: written as a text it would be the hash', async () => {
    const at_hash = await accessTokenHash('x', 'ES256')
    const options = { authorizationServer, accessToken: 'x' }
    expect(await verifyIdToken(await login({ at_hash }), options)).toMatchObject({ subject: 'ann' })
    expect(await rejection(verifyIdToken(await login({ at_hash: [at_hash] }), options))).toMatchObject({
      reason: 'binding',
    })
  })
})

describe('the answer of a login', () => {
  const response = async (more: object) => ({
    access_token: 'opaque',
    token_type: 'Bearer',
    id_token: await login(),
    ...more,
  })
  test('is bound to our key only where the server says so', async () => {
    const plain = await verifyTokenResponse(await response({}), { authorizationServer: withKey })
    expect(subjectTokenOf(plain)?.keyThumbprint).toBeUndefined()
    const bound = await verifyTokenResponse(await response({ token_type: 'DPoP' }), { authorizationServer: withKey })
    expect(subjectTokenOf(bound)?.keyThumbprint).toBe(key.thumbprint)
  })
})
