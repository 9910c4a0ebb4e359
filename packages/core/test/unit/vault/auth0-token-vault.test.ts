import { inspect } from 'node:util'
import { generateKeyPair, jwtVerify } from 'jose'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { ConfigurationError, InvalidResponseError } from '../../../src/base/errors/index.ts'
import { revealToken, Token } from '../../../src/credential/index.ts'
import type { SubjectTokenType } from '../../../src/identity/subject-token.ts'
import { admit, fieldsOf } from '../../../src/identity/verified.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { auth0TokenVault } from '../../../src/vault/auth0/auth0-token-vault.ts'
import type { VaultRequest } from '../../../src/vault/vault.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

const ISSUER = 'https://tenant.eu.auth0.com/'
const NOW = Date.parse('2026-11-25T10:00:00.900Z')
const GRANT = 'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token'
const FEDERATED = 'http://auth0.com/oauth/token-type/federated-connection-access-token'

const issuer = await mockIssuer(ISSUER)
const forms: URLSearchParams[] = []
let answer: () => Response
useMsw(
  ...issuer.handlers,
  http.post(`${ISSUER}token`, async ({ request }) => {
    forms.push(new URLSearchParams(await request.text()))
    return answer() as never
  }),
)
const succeed = (change: Record<string, unknown> = {}) => {
  const body = {
    access_token: 'upstream-token',
    scope: 'calendar.read profile',
    expires_in: 3600,
    issued_token_type: FEDERATED,
    token_type: 'Bearer',
    ...change,
  }
  answer = () => HttpResponse.json(Object.fromEntries(Object.entries(body).filter(([, v]) => v !== undefined)) as never)
}
const refuse = (error: string, status: number, headers: HeadersInit = {}) => {
  answer = () => HttpResponse.json({ error, error_description: `because of ${error}` }, { status, headers })
}
beforeEach(() => {
  forms.length = 0
  succeed()
})

const user = (type: SubjectTokenType | undefined = 'access_token'): UserIdentity =>
  admit(
    { kind: 'user', issuer: ISSUER, subject: 'auth0|ann', claims: {} },
    type === undefined ? undefined : { token: new Token('subject-token'), type },
  )
const withoutToken = admit<UserIdentity>({ kind: 'user', issuer: ISSUER, subject: 'auth0|ann', claims: {} })

const servers = authorizationServers(
  oidc({ issuer: ISSUER, clientId: 'agent-app', clientSecret: 'agent-secret', algorithms: ['ES256'] }),
  { fetch: (input, init) => fetch(input, init), clock: { now: () => NOW }, timeoutMs: 5_000 },
)
const context = { authorizationServers: servers, now: NOW }
const request = (change: Partial<VaultRequest> = {}): VaultRequest => ({
  identity: user(),
  connection: 'google-oauth2',
  scopes: ['calendar.read'],
  ...change,
})
const ask = (change?: Partial<VaultRequest>) => auth0TokenVault().token(request(change), context)

describe('auth0TokenVault', () => {
  test("speaks Auth0's grant, and gives the upstream token", async () => {
    const answered = await ask()
    expect(answered).toEqual({
      status: 'token',
      token: expect.any(Token),
      // More than was asked: the account was linked with it, and it is recorded.
      scopes: ['calendar.read', 'profile'],
      expiresAt: Math.floor(NOW / 1000) + 3600,
    })
    expect(answered.status === 'token' && revealToken(answered.token)).toBe('upstream-token')
    expect(Object.fromEntries(forms[0] ?? [])).toEqual({
      grant_type: GRANT,
      subject_token: 'subject-token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: FEDERATED,
      connection: 'google-oauth2',
      scope: 'calendar.read',
    })
  })

  test('names the account, where the app chose one', async () => {
    await ask({ account: 'google-oauth2|115' })
    expect(forms[0]?.get('login_hint')).toBe('google-oauth2|115')
  })

  test('takes a refresh token as proof', async () => {
    await ask({ identity: user('refresh_token') })
    expect(forms[0]?.get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:refresh_token')
  })

  test('takes the proof from where the app keeps it', async () => {
    const vault = auth0TokenVault({
      subjectToken: ({ subject }) => ({ token: new Token(`refresh-of-${subject}`), type: 'refresh_token' }),
    })
    await vault.token(request({ identity: withoutToken }), context)
    expect(forms[0]?.get('subject_token')).toBe('refresh-of-auth0|ann')
  })

  test('an identity without a token has to log in; nothing is asked', async () => {
    expect(await ask({ identity: withoutToken })).toMatchObject({ status: 'login_required' })
    expect(forms).toEqual([])
  })

  test.each(['id_token', 'jwt'] as const)('an %s proves nothing to Auth0: misconfigured', async (type) => {
    expect(await ask({ identity: user(type) })).toMatchObject({ status: 'misconfigured' })
    expect(forms).toEqual([])
  })

  test('fewer scopes than the tool needs are no token', async () => {
    succeed({ scope: 'profile' })
    const answered = await ask({ scopes: ['calendar.read', 'calendar.write'] })
    expect(answered).toEqual({
      status: 'needs_scopes',
      detail: 'the account was linked without calendar.read, calendar.write',
    })
  })

  test('an answer without scope grants what was asked; one without life time is not cached', async () => {
    succeed({ scope: undefined, expires_in: undefined, issued_token_type: undefined })
    expect(await ask()).toEqual({ status: 'token', token: expect.any(Token), scopes: ['calendar.read'] })
  })

  test.each([
    ['federated_connection_refresh_token_not_found', 401, 'not_connected'],
    ['federated_connection_refresh_token_not_found', 403, 'not_connected'],
    ['tokenset_not_found', 401, 'not_connected'],
    ['federated_connection_refresh_token_flow_failed', 401, 'must_reconnect'],
    ['invalid_grant', 403, 'login_required'],
    ['invalid_token', 401, 'login_required'],
    ['login_required', 403, 'login_required'],
    ['mfa_required', 403, 'login_required'],
    ['invalid_request', 400, 'misconfigured'],
    ['invalid_client', 401, 'misconfigured'],
    ['unauthorized_client', 403, 'misconfigured'],
    ['unsupported_grant_type', 400, 'misconfigured'],
    ['access_denied', 403, 'misconfigured'],
    ['something_new', 401, 'misconfigured'],
    ['constructor', 400, 'misconfigured'],
    ['__proto__', 400, 'misconfigured'],
    ['temporarily_unavailable', 400, 'unavailable'],
  ])('%s (%i) is %s', async (error, status, expected) => {
    refuse(error, status)
    expect(await ask()).toMatchObject({ status: expected, detail: expect.stringContaining(error) })
    expect(forms).toHaveLength(1)
  })

  test.each([500, 502, 503, 429])('%i is an outage, never a prompt to connect', async (status) => {
    refuse('federated_connection_refresh_token_not_found', status, { 'retry-after': '7' })
    expect(await ask()).toMatchObject({ status: 'unavailable', retryAfter: 7 })
    expect(forms).toHaveLength(1)
  })

  test('a reset is an outage', async () => {
    answer = () => HttpResponse.error() as never
    expect(await ask()).toMatchObject({ status: 'unavailable' })
    expect(forms).toHaveLength(1)
  })

  test.each([
    ['another type of token', { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }],
    ['a bound token', { token_type: 'DPoP' }],
    ['no token', { access_token: undefined }],
  ])('an answer with %s breaks the protocol', async (_, change) => {
    succeed(change)
    await expect(ask()).rejects.toThrow(InvalidResponseError)
  })

  test('an issuer that is not ours is asked nothing', async () => {
    const identity = admit<UserIdentity>(
      { kind: 'user', issuer: 'https://evil.example.com/', subject: 'ann', claims: {} },
      { token: new Token('subject-token'), type: 'access_token' },
    )
    await expect(ask({ identity })).rejects.toThrow(ConfigurationError)
    expect(forms).toEqual([])
  })

  test("the caller's abort is passed on", async () => {
    const signal = AbortSignal.abort(new Error('gone'))
    await expect(auth0TokenVault().token(request(), { ...context, signal })).rejects.toThrow('gone')
  })

  test('shows no token in its answers', async () => {
    const shown = inspect(await ask(), { depth: 10, showHidden: true }) + JSON.stringify(await ask())
    expect(shown).not.toContain('upstream-token')
    answer = () =>
      HttpResponse.json({ error: 'invalid_request', error_description: 'bad subject-token' }, { status: 400 })
    expect(JSON.stringify(await ask())).not.toContain('subject-token')
  })

  test('options that it does not know are refused', () => {
    expect(() => auth0TokenVault({ domain: 'x' } as never)).toThrow('auth0TokenVault.domain')
    expect(() => auth0TokenVault({ subjectToken: 'x' } as never)).toThrow('auth0TokenVault.subjectToken')
  })
})

describe('a Privileged Worker', () => {
  const away = admit<UserIdentity>({ ...fieldsOf(withoutToken), delegationId: 'd-1' })
  const delegated = { identity: away, delegation: { id: 'd-1', agent: 'agent:nightly' } }
  const WORKER_TOKEN = 'http://auth0.com/oauth/token-type/token-vault-access-token'

  test('signs a request for one user, for a minute, once', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const vault = auth0TokenVault({
      worker: {
        privateKey,
        algorithm: 'ES256',
        keyId: 'k1',
        auditContext: ({ connection }) => `nightly ${connection}`,
      },
    })
    succeed({ issued_token_type: WORKER_TOKEN })
    const seen = new Set<unknown>()
    for (let round = 0; round < 2; round++) {
      expect(await vault.token(request(delegated), context)).toMatchObject({ status: 'token' })
      const form = Object.fromEntries(forms.at(-1) ?? [])
      expect(form).toMatchObject({
        grant_type: GRANT,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        requested_token_type: WORKER_TOKEN,
        connection: 'google-oauth2',
      })
      const { payload, protectedHeader } = await jwtVerify(form.subject_token ?? '', publicKey, {
        currentDate: new Date(NOW),
      })
      expect(protectedHeader).toEqual({ alg: 'ES256', typ: 'token-vault-req+jwt', kid: 'k1' })
      const iat = Math.floor(NOW / 1000)
      expect(payload).toEqual({
        iss: 'agent-app',
        sub: 'auth0|ann',
        aud: ISSUER,
        jti: expect.any(String),
        iat,
        exp: iat + 60,
        audit_context: 'delegation:d-1 nightly google-oauth2',
      })
      seen.add(payload.jti)
    }
    expect(seen.size).toBe(2)
  })

  test('takes no token of another type, and its options are checked', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256')
    const worker = { privateKey, algorithm: 'ES256' }
    succeed()
    await expect(auth0TokenVault({ worker }).token(request(delegated), context)).rejects.toThrow(InvalidResponseError)
    for (const text of ['', 'x'.repeat(256 - 'delegation:d-1 '.length + 1)]) {
      const chatty = { ...worker, auditContext: () => text }
      await expect(auth0TokenVault({ worker: chatty }).token(request(delegated), context)).rejects.toThrow(
        'auditContext',
      )
    }
    expect(() => auth0TokenVault({ worker: { ...worker, privateKey: publicKey } })).toThrow('worker.privateKey')
    expect(() => auth0TokenVault({ worker: { ...worker, kid: 'x' } as never })).toThrow('worker.kid')
  })

  test('serves only a delegation that was made with it', async () => {
    const { privateKey } = await generateKeyPair('ES256')
    const vault = auth0TokenVault({ worker: { privateKey, algorithm: 'ES256' } })
    expect([vault.hasWorkerGrant, auth0TokenVault().hasWorkerGrant]).toEqual([true, false])
    for (const identity of [withoutToken, away]) {
      expect(await vault.token(request({ identity }), context)).toMatchObject({ status: 'login_required' })
    }
    const others = { ...delegated, identity: admit<UserIdentity>({ ...fieldsOf(withoutToken), delegationId: 'd-2' }) }
    expect(await vault.token(request(others), context)).toMatchObject({ status: 'misconfigured' })
    expect(forms).toHaveLength(0)
    // Who is here proves it by a token of their own.
    expect(await vault.token(request({ identity: user() }), context)).toMatchObject({ status: 'token' })
    expect(forms.at(-1)?.get('subject_token')).toBe('subject-token')
  })
})
