import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { InvalidResponseError } from '../../../src/base/errors/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { allowInsecureLoopback } from '../../../src/oauth/profiles/profile.ts'
import { type BrokerEndpoint, exchangeVault } from '../../../src/vault/exchange-vault.ts'
import type { VaultContext } from '../../../src/vault/vault.ts'
import { accessTokenType } from '../../../src/vault/wire.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

const LOCAL = 'http://localhost:4807'
const SSO = 'https://sso.example'
const NOW = Date.parse('2026-11-25T10:00:00Z')
let answer: () => Response
let asked = 0
useMsw(
  ...(await mockIssuer(SSO)).handlers,
  ...[LOCAL, SSO].map((origin) =>
    http.get(`${origin}/broker`, () => {
      asked++
      return answer() as never
    }),
  ),
  http.post(`${SSO}/token`, () => answer() as never),
)
beforeEach(() => {
  asked = 0
  answer = () => HttpResponse.json({ access_token: 'gh', scope: 'repo' })
})

const client = { clientId: 'agent', clientSecret: 's', algorithms: ['ES256'] }
const surroundings = {
  fetch: ((input, init) => fetch(input, init)) as typeof fetch,
  clock: { now: () => NOW },
  timeoutMs: 5_000,
}
const sso = authorizationServers(oidc({ issuer: SSO, ...client }), surroundings)
const local = authorizationServers(oidc({ issuer: LOCAL, ...client, [allowInsecureLoopback]: true }), surroundings)
const plain: BrokerEndpoint = { url: ({ issuer }) => `${issuer}/broker` }

const ask = (
  broker: BrokerEndpoint | 'token-exchange' = plain,
  { issuer = SSO, servers = sso, scopes = ['repo'], ...more }: Record<string, unknown> & { issuer?: string } = {},
) =>
  exchangeVault({ broker }).token(
    {
      identity: admit(
        { kind: 'user', issuer, subject: 'ann', claims: {} },
        { token: new Token('subject-token'), type: 'access_token' },
      ),
      connection: 'github',
      scopes: scopes as readonly string[],
    },
    { authorizationServers: servers, now: NOW, ...more } as VaultContext,
  )

describe('a broker’s endpoint', () => {
  test.each([
    ['no URL', 'nonsense'],
    ['of another server', 'https://evil.example/broker'],
    ['of another port', 'https://sso.example:8443/broker'],
    ['over plain http', 'http://sso.example/broker'],
  ])('that is %s is never asked', async (_, url) => {
    expect(await ask({ url: () => url })).toMatchObject({ status: 'misconfigured' })
    expect(asked).toBe(0)
  })

  test('may be on this machine only where the profile says so', async () => {
    expect(await ask(plain, { issuer: LOCAL, servers: local })).toMatchObject({ status: 'token' })
    const strict = { of: () => ({ ...local.of(LOCAL), profile: sso.of(SSO).profile }), knows: () => true }
    await expect(ask(plain, { issuer: LOCAL, servers: strict })).rejects.toThrow(InvalidResponseError)
    expect(asked).toBe(1)
  })

  test('is not waited for by a caller that left', async () => {
    expect(await ask(plain, { signal: new AbortController().signal })).toMatchObject({ status: 'token' })
    const reason = new Error('left')
    await expect(ask(plain, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  test.each([
    [401, { error: 'x' }, 'login_required'],
    [403, { error: 'x' }, 'misconfigured'],
    [404, {}, 'misconfigured'],
  ])('that says nothing of its own: %i %j is %s', async (status, body, expected) => {
    answer = () => HttpResponse.json(body, { status })
    const reasonless = await ask()
    expect(reasonless).toMatchObject({ status: expected, detail: expect.stringContaining(String(status)) })
    expect(await ask({ ...plain, reasonOf: () => undefined })).toEqual(reasonless)
  })

  test('repeats the token in its error: it is in no answer, however long it is', async () => {
    for (const error of ['subject-token', `${'x'.repeat(92)}subject-token`]) {
      answer = () => HttpResponse.json({ error }, { status: 403 })
      const { detail } = (await ask()) as { readonly detail: string }
      expect(detail).toContain('the broker answered 403')
      expect(detail).not.toContain('subject')
    }
  })

  test('has its own word on what an answer means, by status and error, where that is a text', async () => {
    const seen: unknown[] = []
    const reasonOf: BrokerEndpoint['reasonOf'] = (status, error) => {
      seen.push([status, error])
      return 'must_reconnect'
    }
    for (const error of ['gone', 7, undefined]) {
      answer = () => HttpResponse.json({ error }, { status: 401 })
      expect(await ask({ ...plain, reasonOf })).toMatchObject({ status: 'must_reconnect' })
    }
    expect(seen).toEqual([
      [401, 'gone'],
      [401, undefined],
      [401, undefined],
    ])
  })
})

describe('a broker’s token', () => {
  const scopes = ['repo', 'user']
  test.each([
    ['has all scopes', { scope: 'user repo more' }, { status: 'token', scopes: ['user', 'repo', 'more'] }],
    ['lacks one', { scope: 'user' }, { status: 'needs_scopes', detail: expect.stringMatching(/without repo$/) }],
    ['lasts as long as it says', { expires_in: 60 }, { status: 'token', expiresAt: NOW / 1000 + 60 }],
    ['lasts as long as it says in digits', { expires_in: '60' }, { status: 'token', expiresAt: NOW / 1000 + 60 }],
  ])('%s', async (_, more, expected) => {
    answer = () => HttpResponse.json({ access_token: 'gh', ...more })
    expect(await ask(plain, { scopes })).toMatchObject(expected)
  })

  test('names none: an endpoint was asked for none, so none are known; an exchange gave what was asked', async () => {
    answer = () => HttpResponse.json({ access_token: 'gh' })
    expect(await ask(plain, { scopes })).not.toHaveProperty('scopes')
    answer = () => HttpResponse.json({ access_token: 'gh', token_type: 'Bearer', issued_token_type: accessTokenType })
    expect(await ask('token-exchange', { scopes })).toMatchObject({ status: 'token', scopes })
  })

  test('has no end where none is named', async () => {
    expect(await ask()).not.toHaveProperty('expiresAt')
  })

  test('that is not Bearer is dropped', async () => {
    answer = () =>
      HttpResponse.json({
        ...{ access_token: 'gh', token_type: 'N_A' },
        issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      })
    await expect(ask('token-exchange')).rejects.toThrow(InvalidResponseError)
  })
})
