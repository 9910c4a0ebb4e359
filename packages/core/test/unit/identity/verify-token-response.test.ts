import { inspect } from 'node:util'
import { verifies } from '@behalf/testing/requirements'
import { describe, expect, test } from 'vitest'
import { revealToken } from '../../../src/credential/index.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { isVerified } from '../../../src/identity/verified.ts'
import { verifyAccessToken } from '../../../src/identity/verify-access-token.ts'
import { verifyTokenResponse } from '../../../src/identity/verify-token-response.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { okta } from '../../../src/oauth/profiles/okta.ts'
import { everythingShownBy, mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const oktaAs = await mockIssuer('https://example.okta.com/oauth2/default')
useMsw(...as.handlers, ...oktaAs.handlers)
const profile = oidc({ issuer: as.issuer, clientId: 'agent-app' })
const accessToken = 'an-opaque-access-token'
const now = () => Math.floor(Date.now() / 1000)
const idToken = (claims: object = {}) => as.sign({ sub: 'ann', aud: 'agent-app', ...claims }, { typ: 'JWT' })
const response = async (changes: object = {}) => ({
  access_token: accessToken,
  token_type: 'Bearer',
  expires_in: 3600,
  scope: 'openid chat',
  id_token: await idToken(),
  ...changes,
})
const verify = async (changes: object = {}, options: object = {}) =>
  verifyTokenResponse(await response(changes), { authorizationServer: profile, ...options })

describe('the answer to a login', () => {
  test('says who it was, and keeps the access token behind them', async () => {
    const identity = await verify({ id_token: await idToken({ sid: 's-1', exp: now() + 60 }) })
    expect(identity).toMatchObject({ kind: 'user', subject: 'ann', sessionId: 's-1', clientId: 'agent-app' })
    expect(identity.expiresAt).toBeLessThan(now() + 70)
    expect(isVerified(identity)).toBe(true)
    const subjectToken = subjectTokenOf(identity)
    expect(subjectToken).toMatchObject({ type: 'access_token', scopes: ['openid', 'chat'] })
    expect(subjectToken && revealToken(subjectToken.token)).toBe(accessToken)
    expect(inspect(identity, { depth: 9, showHidden: true })).not.toContain(accessToken)
  })

  test('ends with the access token where that is sooner', async () => {
    const identity = await verify({ expires_in: 30, id_token: await idToken({ exp: now() + 3600 }) })
    expect(identity.expiresAt).toBeLessThanOrEqual(now() + 30)
  })

  test('may be bound to the key of the profile', async () => {
    const dpop = await generateDpopKey()
    const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app', dpop })
    const identity = await verify({ token_type: 'DPoP' }, { authorizationServer })
    expect(subjectTokenOf(identity)).toMatchObject({ keyThumbprint: dpop.thumbprint })
  })

  test('is refused where its token names another key, or came as Bearer for all that it is bound', async () => {
    const dpop = await generateDpopKey()
    const authorizationServer = oidc({ issuer: as.issuer, clientId: 'agent-app', dpop })
    const tokenFor = async (jkt: string) => as.sign({ sub: 'ann', aud: 'https://api.example.com', cnf: { jkt } })
    const answer = async (jkt: string, token_type: string) => {
      const access_token = await tokenFor(jkt)
      return verify(
        { access_token, token_type, id_token: await idToken({ at_hash: undefined }) },
        { authorizationServer },
      )
    }
    expect(await rejection(answer('another-key', 'DPoP'))).toMatchObject({ reason: 'binding' })
    expect(await rejection(answer(dpop.thumbprint, 'Bearer'))).toMatchObject({ reason: 'binding' })
    expect((await answer(dpop.thumbprint, 'DPoP')).subject).toBe('ann')
  })

  test.each([
    ['no id_token', { id_token: undefined }, 'claims'],
    ['a token bound to a key that we lack', { token_type: 'DPoP' }, 'binding'],
    ['no access token', { token_type: 'N_A' }, 'type'],
  ])('is refused with %s', async (_name, changes, reason) => {
    const error = await rejection(verify(changes))
    expect(error).toMatchObject({ code: 'ERR_INVALID_TOKEN', reason })
    expect(everythingShownBy(error)).not.toContain(accessToken)
  })

  test(verifies('I7', 'is refused for another access token, another nonce and another client'), async () => {
    const strange = await idToken({ at_hash: 'Wt0kVFXMacqvnHeyU0001w' })
    expect(await rejection(verify({ id_token: strange }))).toMatchObject({ reason: 'binding' })
    expect(await rejection(verify({}, { nonce: 'n-1' }))).toMatchObject({ reason: 'claims' })
    expect(await rejection(verify({ id_token: await idToken({ aud: 'other' }) }))).toMatchObject({ reason: 'audience' })
  })

  test.each([[undefined], [null], ['text'], [[]], [{ access_token: 7 }], [{ access_token: 'x', token_type: 'mac' }]])(
    'is dropped when it is %j',
    async (given) => {
      const error = await rejection(verifyTokenResponse(given, { authorizationServer: profile }))
      expect(error).toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    },
  )

  verifies('OIDC-CORE-3.1.3.7-iat', 'refuses an id_token of last week that has not expired', async () => {
    for (const age of [7 * 24 * 3600, 310]) {
      const id_token = await idToken({ iat: now() - age, exp: now() + 3600 })
      expect(await rejection(verify({ id_token })), `${age}`).toMatchObject({ reason: 'claims' })
    }
    for (const iat of ['yesterday', null, {}]) {
      expect(await rejection(verify({ id_token: await idToken({ iat } as never) }))).toMatchObject({ reason: 'claims' })
    }
    const late = await idToken({ iat: now() + 40, exp: now() + 3600 })
    expect(await rejection(verify({ id_token: late }))).toMatchObject({ reason: 'not_yet_valid' })
    for (const age of [290, -25]) {
      const id_token = await idToken({ iat: now() - age, exp: now() + 3600 })
      expect(await verify({ id_token })).toMatchObject({ subject: 'ann' })
    }
  })

  test('by the clock of the app', async () => {
    const lastWeek = now() - 7 * 24 * 3600
    const id_token = await idToken({ iat: lastWeek, exp: now() + 3600 })
    expect(await verify({ id_token }, { clock: { now: () => lastWeek * 1000 } })).toMatchObject({ subject: 'ann' })
  })

  test('takes no unknown option', async () => {
    expect(await rejection(verify({}, { accessToken }))).toMatchObject({ option: 'verifyTokenResponse.accessToken' })
  })
})

test('at Okta, the id_token and the access token name one user', async () => {
  const authorizationServer = okta({
    domain: 'example.okta.com',
    authorizationServer: 'default',
    clientId: 'agent-app',
    algorithms: ['ES256'],
  })
  const id = await oktaAs.sign({ sub: '00u1', aud: 'agent-app' }, { typ: undefined } as never)
  const login = await verifyTokenResponse(
    { access_token: accessToken, token_type: 'Bearer', id_token: id },
    { authorizationServer },
  )
  const claims = { sub: 'ann@example.com', uid: '00u1', cid: 'agent-app', aud: 'api', jti: 'j', scp: ['chat'] }
  const options = { authorizationServer, audience: 'api' }
  const access = await verifyAccessToken(await oktaAs.sign(claims, { typ: undefined } as never), options)
  expect([login, access]).toMatchObject([{ subject: '00u1' }, { subject: '00u1' }])
  // The same authorization server's id_token, taken for an access token.
  const confused = await oktaAs.sign({ ...claims, cid: undefined }, { typ: undefined } as never)
  expect(await rejection(verifyAccessToken(confused, options))).toMatchObject({ reason: 'claims' })
})
