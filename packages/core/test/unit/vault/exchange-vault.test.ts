import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { InvalidResponseError } from '../../../src/base/errors/index.ts'
import { revealToken, Token } from '../../../src/credential/index.ts'
import type { SubjectTokenType } from '../../../src/identity/subject-token.ts'
import { admit } from '../../../src/identity/verified.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { type ExchangeVaultOptions, exchangeVault, keycloakBroker } from '../../../src/vault/exchange-vault.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

const ISSUER = 'https://sso.example/realms/acme'
const NOW = Date.parse('2026-11-25T10:00:00Z')
const issuer = await mockIssuer(ISSUER)
const forms: URLSearchParams[] = []
const gets: Request[] = []
let answer: () => Response
useMsw(
  ...issuer.handlers,
  http.post(`${ISSUER}/token`, async ({ request }) => {
    forms.push(new URLSearchParams(await request.text()))
    return answer() as never
  }),
  http.get(`${ISSUER}/broker/:alias/token`, ({ request }) => {
    gets.push(request)
    return answer() as never
  }),
)
beforeEach(() => {
  forms.length = 0
  gets.length = 0
})

const user = (type: SubjectTokenType = 'access_token', iss = ISSUER): UserIdentity =>
  admit({ kind: 'user', issuer: iss, subject: 'ann', claims: {} }, { token: new Token('subject-token'), type })
const servers = authorizationServers(
  oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 's', algorithms: ['ES256'] }),
  { fetch: (input, init) => fetch(input, init), clock: { now: () => NOW }, timeoutMs: 5_000 },
)
const ask = (options: ExchangeVaultOptions = {}, identity = user(), scopes: readonly string[] = ['repo']) =>
  exchangeVault(options).token({ identity, connection: 'github', scopes }, { authorizationServers: servers, now: NOW })
const refuse = (status: number, error: string) => {
  answer = () => HttpResponse.json({ error }, { status })
}

describe('by RFC 8693', () => {
  const issued = {
    access_token: 'gh-token',
    token_type: 'Bearer',
    issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
  }

  test('names the connection as the app says, and gives the token', async () => {
    answer = () => HttpResponse.json({ ...issued, scope: 'repo', expires_in: 60, refresh_token: 'dropped' })
    const answered = await ask({ parameters: ({ connection }) => ({ requested_issuer: connection }) })
    expect(answered).toEqual({
      status: 'token',
      token: expect.any(Token),
      scopes: ['repo'],
      expiresAt: NOW / 1000 + 60,
    })
    expect(answered.status === 'token' && revealToken(answered.token)).toBe('gh-token')
    expect(Object.fromEntries(forms[0] ?? [])).toEqual({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      requested_issuer: 'github',
      subject_token: 'subject-token',
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      scope: 'repo',
    })
  })

  test.each([
    ['invalid_grant', 400, 'login_required'],
    ['not_linked', 400, 'not_connected'],
    ['token_expired', 400, 'must_reconnect'],
    ['my_own', 400, 'choose_account'],
    ['invalid_client', 401, 'misconfigured'],
    ['something_new', 400, 'misconfigured'],
    ['constructor', 400, 'misconfigured'],
    ['temporarily_unavailable', 400, 'unavailable'],
  ])('%s (%i) is %s', async (error, status, expected) => {
    refuse(status, error)
    expect(await ask({ reasons: { my_own: 'choose_account' } })).toMatchObject({ status: expected })
  })

  test.each([500, 503, 429])('%i is an outage, never a prompt', async (status) => {
    refuse(status, 'not_linked')
    expect(await ask()).toMatchObject({ status: 'unavailable' })
  })

  test('fewer scopes are told; a bound token is dropped', async () => {
    answer = () => HttpResponse.json({ ...issued, scope: 'user' })
    expect(await ask()).toMatchObject({ status: 'needs_scopes' })
    answer = () => HttpResponse.json({ ...issued, token_type: 'N_A' })
    await expect(ask()).rejects.toThrow(InvalidResponseError)
  })
})

describe("by Keycloak's stored tokens", () => {
  const options = { broker: keycloakBroker }

  test('JSON, as OpenID providers are kept', async () => {
    answer = () =>
      HttpResponse.json({
        access_token: 'ya29',
        token_type: 'Bearer',
        expires_in: 60,
        scope: 'repo',
        refresh_token: 'never',
      })
    const answered = await ask(options)
    expect(answered.status === 'token' && revealToken(answered.token)).toBe('ya29')
    expect(gets[0]?.url).toBe(`${ISSUER}/broker/github/token`)
    expect(gets[0]?.headers.get('authorization')).toBe('Bearer subject-token')
  })

  test('a form, as GitHub is kept', async () => {
    answer = () =>
      new HttpResponse('access_token=gho_1&scope=gist%2Crepo&token_type=bearer', {
        headers: { 'content-type': 'text/plain' },
      })
    const answered = await ask(options)
    expect(answered.status === 'token' && revealToken(answered.token)).toBe('gho_1')
  })

  test.each([
    [400, 'not_connected'],
    [404, 'not_connected'],
    [401, 'login_required'],
    [403, 'misconfigured'],
    [418, 'misconfigured'],
    [502, 'unavailable'],
  ])('%i is %s', async (status, expected) => {
    answer = () => HttpResponse.json({ errorMessage: 'x' }, { status })
    expect(await ask(options)).toMatchObject({ status: expected })
  })

  test("the user's token goes to no other place, and an id_token goes nowhere", async () => {
    const elsewhere = { broker: { url: () => 'https://evil.example/token' } }
    expect(await ask(elsewhere)).toMatchObject({ status: 'misconfigured' })
    expect(await ask(options, user('id_token'))).toMatchObject({ status: 'misconfigured' })
    await expect(ask(options, user('access_token', 'https://evil.example'))).rejects.toThrow('issuer')
    expect(gets).toEqual([])
  })
})

test('without a token of the user, a login', async () => {
  expect(await ask({ subjectToken: () => undefined })).toMatchObject({ status: 'login_required' })
})

test.each([
  ['exchangeVault.brocker', { brocker: 'x' }],
  ['exchangeVault.broker', { broker: 'x' }],
  ['exchangeVault.connectPage', { connectPage: '/x' }],
])('%s is refused', (option, options) => {
  expect(() => exchangeVault(options as never)).toThrow(`${option}: `)
})
