import { SignJWT } from 'jose'
import { HttpResponse, http } from 'msw'
import { describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { InvalidResponseError } from '../../../src/base/errors/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { authorizationServers } from '../../../src/oauth/authorization-servers.ts'
import { oidc } from '../../../src/oauth/profiles/oidc.ts'
import { auth0TokenVault } from '../../../src/vault/auth0/auth0-token-vault.ts'
import { exchangeVault, keycloakBroker } from '../../../src/vault/exchange-vault.ts'
import type { Vault } from '../../../src/vault/vault.ts'
import { mockIssuer, rejection, useMsw } from '../oauth/mock-issuer.ts'

const ISSUER = 'https://sso.example/realms/acme'
const NOW = Date.parse('2026-11-25T10:00:00Z')
const type = (name: string) => `urn:ietf:params:oauth:token-type:${name}`
let answer: object
const issuer = await mockIssuer(ISSUER)
useMsw(
  ...issuer.handlers,
  http.post(`${ISSUER}/token`, () => HttpResponse.json(answer) as never),
  http.get(`${ISSUER}/broker/:alias/token`, () => HttpResponse.json(answer) as never),
)

const servers = authorizationServers(
  oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 's', algorithms: ['ES256'] }),
  { fetch: (input, init) => fetch(input, init), clock: { now: () => NOW }, timeoutMs: 5_000 },
)
const identity = admit(
  { kind: 'user', issuer: ISSUER, subject: 'ann', claims: {} },
  { token: new Token('the-users-own'), type: 'access_token' },
)
const ask = (vault: Vault, body: object, of: UserIdentity = identity) => {
  answer = { token_type: 'Bearer', scope: 'repo', ...body }
  return vault.token(
    { identity: of, connection: 'github', scopes: ['repo'] },
    { authorizationServers: servers, now: NOW },
  )
}

const brokers = [
  ['an exchange', exchangeVault(), { issued_token_type: type('access_token') }],
  ['a broker’s endpoint', exchangeVault({ broker: keycloakBroker }), {}],
  ['Auth0’s vault', auth0TokenVault(), {}],
] as const

describe('the user’s own token, echoed as if it were the upstream’s', () => {
  test.each(brokers)('is dropped: %s', async (_, vault, more) => {
    const refused = await rejection(ask(vault, { access_token: 'the-users-own', ...more }))
    expect(refused).toBeInstanceOf(InvalidResponseError)
    expect(String(refused)).toContain('returned the token')
    expect(String(refused)).not.toContain('the-users-own')
    expect(await ask(vault, { access_token: 'upstream', ...more })).toMatchObject({ status: 'token' })
  })

  test.each(brokers)('is dropped in each spelling that some reader takes for it: %s', async (_, vault, more) => {
    const opaque = 'the-users-own'
    const jwt = await new SignJWT({ sub: 'ann' }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32).fill(1))
    const signed = jwt.slice(0, jwt.lastIndexOf('.') + 1)
    const spellings = (token: string) => [` ${token}`, `${token}\n`, `Bearer ${token}`, `${token}=`]
    const unusedBits = jwt.slice(0, -1) + String.fromCharCode(jwt.charCodeAt(jwt.length - 1) + 1)
    const ofJwt = admit({ ...identity, claims: {} }, { token: new Token(jwt), type: 'access_token' })
    for (const [of, echoes] of [
      [identity, spellings(opaque)],
      [ofJwt, [...spellings(jwt), unusedBits, signed, `${signed}AAAA`]],
    ] as const) {
      for (const echo of echoes) {
        const refused = await rejection(ask(vault, { access_token: echo, ...more }, of))
        expect(String(refused), echo).toContain('returned the token')
      }
    }
  })
})

test.each([undefined, type('refresh_token'), type('id_token')])(
  'a token of another type than was asked is dropped by an exchange: %s',
  async (issued) => {
    const body = { access_token: 'upstream', ...(issued !== undefined && { issued_token_type: issued }) }
    expect(await rejection(ask(exchangeVault(), body))).toBeInstanceOf(InvalidResponseError)
  },
)

describe('a token that Keycloak stored', () => {
  const vault = exchangeVault({ broker: keycloakBroker })
  const now = NOW / 1000
  const stored = { access_token: 'upstream', expires_in: 3600 }
  const jwt = (exp: number) =>
    new SignJWT({ exp }).setProtectedHeader({ alg: 'HS256' }).sign(new Uint8Array(32).fill(1))

  test('is not given out once it has ended, whatever its stored expires_in says', async () => {
    const ended = now - 10 * 3600
    for (const body of [
      { ...stored, accessTokenExpiration: ended },
      { ...stored, access_token: await jwt(ended) },
    ]) {
      expect(await ask(vault, body)).toMatchObject({ status: 'must_reconnect' })
    }
  })

  test('ends when it says itself', async () => {
    expect(await ask(vault, { ...stored, accessTokenExpiration: now + 60 })).toMatchObject({ expiresAt: now + 60 })
    expect(await ask(vault, { ...stored, access_token: await jwt(now + 90) })).toMatchObject({ expiresAt: now + 90 })
  })

  test('has no known end where only its stored expires_in says one, so that it is not cached', async () => {
    for (const body of [stored, { ...stored, accessTokenExpiration: 0 }]) {
      const answered = await ask(vault, body)
      expect(answered).toMatchObject({ status: 'token' })
      expect(answered).not.toHaveProperty('expiresAt')
    }
  })
})
