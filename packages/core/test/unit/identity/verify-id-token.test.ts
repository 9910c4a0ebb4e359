import { describe, expect, test } from 'vitest'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { isVerified } from '../../../src/identity/verified.ts'
import { verifyIdToken } from '../../../src/identity/verify-id-token.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { accessTokenClaims, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
useMsw(...as.handlers)
const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app' })
const claims = { sub: 'ann', aud: 'agent-app' }
const sign = (more: object = {}, header: object = { typ: 'JWT' }) => as.sign({ ...claims, ...more }, header)
const verify = (token: string, options: object = {}) => verifyIdToken(token, { authorizationServer, ...options })

describe('a verified login', () => {
  test('says who logged in, when and how', async () => {
    const identity = await verify(await sign({ nonce: 'n', acr: '1', auth_time: 1_700_000_000, sid: 's' }), {
      nonce: 'n',
    })
    expect(identity).toMatchObject({
      kind: 'user',
      issuer: as.issuer,
      subject: 'ann',
      clientId: 'agent-app',
      acr: '1',
      authTime: 1_700_000_000,
      sessionId: 's',
    })
    expect(isVerified(identity)).toBe(true)
    expect(subjectTokenOf(identity)).toMatchObject({ type: 'id_token', audience: ['agent-app'] })
    expect(subjectTokenOf(identity)?.scopes).toBeUndefined()
  })

  test('may come without a type', async () => {
    await expect(verify(await sign({}, { typ: undefined }))).resolves.toBeDefined()
  })

  test('is held to the nonce that came with it, where the app fills in the same options for the next login', async () => {
    const [first, next] = [await sign({ nonce: 'of the next login' }), await sign({ nonce: 'of the first login' })]
    for (const [token, taken] of [[first, false] as const, [next, true] as const]) {
      const options = { authorizationServer, nonce: 'of the first login' }
      const verified = verifyIdToken(token, options)
      options.nonce = 'of the next login'
      if (taken) await expect(verified).resolves.toMatchObject({ subject: 'ann' })
      else expect(await rejection(verified)).toMatchObject({ reason: 'claims' })
    }
  })

  test('may name other audiences that are trusted, with azp', async () => {
    const token = await sign({ aud: ['agent-app', 'other'], azp: 'agent-app' })
    await expect(verify(token, { trustedAudiences: ['other'] })).resolves.toBeDefined()
  })

  test('belongs to its access token', async () => {
    // CIBA Core §10.3.1.
    const accessToken = 'G5kXH2wHvUra0sHlDy1iTkDJgsgUO1bN'
    const token = await sign({ at_hash: 'Wt0kVFXMacqvnHeyU0001w' })
    await expect(verify(token, { accessToken })).resolves.toBeDefined()
    expect(await rejection(verify(token, { accessToken: `${accessToken}x` }))).toMatchObject({ reason: 'binding' })
  })

  test('may leave out the hash of its access token, as most servers do in the code flow', async () => {
    await expect(verify(await sign(), { accessToken: 'x' })).resolves.toBeDefined()
  })
})

describe('an id_token is refused', () => {
  test.each([
    ['for another client', { aud: 'other-app' }, {}, 'audience'],
    ['for others too', { aud: ['agent-app', 'other'], azp: 'agent-app' }, {}, 'audience'],
    ['for several without azp', { aud: ['agent-app', 'other'] }, { trustedAudiences: ['other'] }, 'audience'],
    ['issued to another client', { azp: 'other-app' }, {}, 'audience'],
    ['with another nonce', { nonce: 'other' }, { nonce: 'n' }, 'claims'],
    ['without the nonce', {}, { nonce: 'n' }, 'claims'],
    ['without iat', { iat: undefined }, {}, 'claims'],
    ['without a subject', { sub: undefined }, {}, 'claims'],
    ['with a hash that is no text', { at_hash: 5 }, { accessToken: 'x' }, 'binding'],
  ])('%s', async (_name, more, options, reason) => {
    expect(await rejection(verify(await sign(more), options))).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason })
  })

  test('that is an access token', async () => {
    const token = await as.sign({ ...accessTokenClaims, aud: 'agent-app' })
    expect(await rejection(verify(token))).toMatchObject({ reason: 'type' })
  })

  test('of an unknown issuer', async () => {
    const error = await rejection(verify(await sign({ iss: 'https://evil.example.com' })))
    expect(error).toMatchObject({ reason: 'issuer' })
  })

  test('for an unknown option', async () => {
    expect(await rejection(verify(await sign(), { audience: 'x' }))).toMatchObject({ option: 'verifyIdToken.audience' })
  })
})
