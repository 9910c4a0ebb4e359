import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { generateDpopKey } from '../../../src/oauth/client/dpop-key.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { renewLogin } from '../../../src/sign-in/renew-login.ts'
import type { LoginContext, StoredSession } from '../../../src/sign-in/session-login.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

const as = await mockIssuer('https://as.example.com')
const other = await mockIssuer('https://other.example.com')
const dpop = await generateDpopKey()
const audience = 'https://agent.example.com'
let answer: Record<string, unknown> = {}
let status = 200
let asked = 0
useMsw(
  ...as.handlers,
  ...other.handlers,
  http.post(`${as.issuer}/token`, () => {
    asked++
    return HttpResponse.json(answer as never, { status })
  }),
)
beforeEach(() => {
  answer = { access_token: 'opaque', token_type: 'Bearer', expires_in: 60 }
  status = 200
  asked = 0
})

const tenant = ({ org }: Readonly<Record<string, unknown>>) => (typeof org === 'string' ? org : undefined)
const profileOf = (issuer: string, more: object = {}) =>
  oidc({ issuer, clientId: 'app', clientSecret: 's', algorithms: ['ES256'], token: { tenant }, ...more })
const [ours, theirs, withKey] = [profileOf(as.issuer), profileOf(other.issuer), profileOf(as.issuer, { dpop })]
const late: typeof fetch = (input, init) => fetch(input, init)
const surroundings = { fetch: late, clock: Date, timeoutMs: 5_000 }
const both = authorizationServers((issuer) => [ours, theirs].find((one) => one.issuer === issuer), surroundings)
const keyed = authorizationServers(withKey, surroundings)

const identity: UserIdentity = { kind: 'user', issuer: as.issuer, tenant: 'acme', subject: 'ann', claims: {} }
const kept = (over: Partial<StoredSession> = {}): StoredSession => ({
  identity,
  token: { value: 'old' },
  refreshToken: 'r-1',
  renewedAt: 0,
  ...over,
})
const renew = (login: StoredSession, over: Partial<LoginContext> = {}) =>
  renewLogin(login, { servers: both, clock: Date, ...over })
const claims = { sub: 'ann', client_id: 'app', jti: 'j-1', org: 'acme' }
const access = (over: object = {}, by = as) => by.sign({ ...claims, aud: audience, ...over })
const login = (over: object = {}) => as.sign({ sub: 'ann', aud: 'app', org: 'acme', ...over }, { typ: 'JWT' })

describe('a login without a refresh token, or one that the issuer ended', () => {
  test('has ended: no request is sent without one', async () => {
    expect(await renew(kept({ refreshToken: undefined }))).toEqual({ status: 'ended' })
    expect(asked).toBe(0)
    Object.assign(answer, { error: 'invalid_grant' })
    status = 400
    expect(await renew(kept())).toEqual({ status: 'ended' })
  })

  test('has not where the issuer says anything else', async () => {
    Object.assign(answer, { error: 'invalid_client' })
    status = 400
    await expect(renew(kept())).rejects.toMatchObject({ error: 'invalid_client' })
  })

  test.each([['left'], [{ error: 'invalid_grant' }]])('nor where its caller left, saying %j', async (reason) => {
    await expect(renew(kept(), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })
})

describe('the answer to a renewal is of the same person', () => {
  test.each([
    ['subject', () => access({ sub: 'bob' })],
    ['tenant', () => access({ org: 'other' })],
    ['issuer', () => access({}, other)],
  ])('and not of another %s', async (_, make) => {
    Object.assign(answer, { access_token: await make() })
    expect(await renew(kept({ audience: [audience] }))).toMatchObject({
      status: 'unverified',
      isOthers: true,
      error: { code: 'ERR_INVALID_RESPONSE' },
    })
    Object.assign(answer, { refresh_token: 'r-2' })
    const tokens = { refreshToken: 'r-2' }
    expect(await renew(kept({ audience: [audience] }))).toMatchObject({ status: 'unverified', isOthers: true, tokens })
  })

  test('with what it brings that can be verified: an access token for us, or an id_token', async () => {
    Object.assign(answer, { access_token: await access({ roles: ['a'] }) })
    const byAccess = await renew(kept({ audience: [audience] }))
    expect(byAccess).toMatchObject({ status: 'renewed', login: { identity: { claims: { roles: ['a'] } } } })
    Object.assign(answer, { access_token: 'opaque', id_token: await login({ roles: ['b'] }) })
    const byLogin = await renew(kept())
    expect(byLogin).toMatchObject({ status: 'renewed', login: { identity: { claims: { roles: ['b'] } } } })
  })

  test('with no claims where it brings nothing, and not at all where what was kept is not sealed', async () => {
    const silent = await renew(kept({ identity: { ...identity, claims: { roles: ['a'] } } }))
    expect(silent).toMatchObject({ status: 'renewed', login: { identity: { claims: { iat: expect.any(Number) } } } })
    expect(silent).not.toHaveProperty('login.identity.claims.roles')
    const error = { code: 'ERR_INVALID_TOKEN', reason: 'claims' }
    expect(await renew(kept(), { isSealed: false })).toMatchObject({ status: 'unverified', error })
    Object.assign(answer, { id_token: await login() })
    expect(await renew(kept(), { isSealed: false })).toMatchObject({ status: 'renewed' })
  })

  test('and of the same session, which the access token may name or leave to the login', async () => {
    const session = async (inAccess: object, inLogin: object) => {
      Object.assign(answer, { access_token: await access(inAccess), id_token: await login(inLogin) })
      const renewal = await renew(kept({ audience: [audience] }))
      return renewal.status === 'renewed' ? renewal.login.identity : renewal
    }
    expect(await session({ sid: 'a' }, { sid: 'b' })).toMatchObject({ sessionId: 'a' })
    expect(await session({}, { sid: 'b' })).toMatchObject({ sessionId: 'b' })
    expect(await session({}, {})).not.toHaveProperty('sessionId')
  })
})

describe('what is kept beside it', () => {
  test('a bound login stays bound (I8)', async () => {
    const bound = kept({ token: { value: 'old', keyThumbprint: dpop.thumbprint } })
    expect(await renew(bound, { servers: keyed })).toMatchObject({
      status: 'unverified',
      error: { code: 'ERR_INVALID_RESPONSE' },
    })
    Object.assign(answer, { token_type: 'DPoP' })
    const token = { keyThumbprint: dpop.thumbprint }
    expect(await renew(bound, { servers: keyed })).toMatchObject({ status: 'renewed', login: { token } })
  })

  test.each([
    ['sealed: lasts until the next one', undefined, 'the-last', 'the-last'],
    ['not sealed: proves nothing any more', false, 'the-last', undefined],
    ['sealed: stays missing', undefined, undefined, undefined],
  ])('the id_token, %s', async (_, isSealed, idToken, expected) => {
    Object.assign(answer, { access_token: await access() })
    const renewal = await renew(kept({ audience: [audience], idToken }), { ...(isSealed === false && { isSealed }) })
    if (renewal.status !== 'renewed') throw new Error(renewal.status)
    expect(renewal.login.idToken).toBe(expected)
    expect('idToken' in renewal.login).toBe(expected !== undefined)
  })
})
