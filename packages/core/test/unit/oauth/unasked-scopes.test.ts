import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import { Token } from '../../../src/credential/index.ts'
import { requestAgentIdentity } from '../../../src/entrypoints/identity.ts'
import { subjectTokenOf } from '../../../src/identity/subject-token.ts'
import { admit } from '../../../src/identity/verified.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { keycloak } from '../../../src/oauth/profiles/keycloak.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import { surroundingsOf } from '../../../src/oauth/server.ts'
import { exchangeToken } from '../../../src/token-exchange/exchange-token.ts'
import { redeemIdJag } from '../../../src/token-exchange/redeem-id-jag.ts'
import { mockIssuer, rejection, useMsw } from './mock-issuer.ts'

const issuer = 'https://id.example.com/realms/trade'
const as = await mockIssuer(issuer)
const resource = 'trade-api'
const added = 'profile email'
let answer: Record<string, unknown> = {}
useMsw(
  ...as.handlers,
  http.post(`${issuer}/token`, () => HttpResponse.json(answer)),
)
beforeEach(() => {
  answer = {}
})

const ours: Profile = keycloak({
  url: 'https://id.example.com',
  realm: 'trade',
  clientId: 'agent',
  clientSecret: 's',
  algorithms: ['ES256'],
})
const claims = { sub: 'u-1', aud: resource, azp: 'agent', typ: 'Bearer', jti: 'j' }
const says = async (scope: string, more: object = {}, rest: object = {}) => {
  answer = {
    access_token: await as.sign({ ...claims, scope, ...more }, { typ: 'JWT' }),
    token_type: 'Bearer',
    expires_in: 300,
    scope,
    ...rest,
  }
}
const authorizationServer = connectAuthorizationServer(ours, surroundingsOf('test', {}))

describe('scopes that Keycloak adds to every token are left out of what was granted, and no other surplus is', () => {
  test('for the agent itself', async () => {
    const own = { sub: 'service', preferred_username: 'service-account-agent' }
    const request = () => requestAgentIdentity({ authorizationServer: ours, resource, scopes: ['jobs'] })
    await says(`jobs ${added}`, own)
    expect(subjectTokenOf(await request())).toMatchObject({ scopes: ['jobs'] })
    await says(`jobs ${added} admin`, own)
    expect(await rejection(request())).toMatchObject({ message: expect.stringContaining('"admin"') })
  })

  test('for a redeemed assertion', async () => {
    const idJag = {
      assertion: new Token('an.assertion.x'),
      resource,
      scopes: ['trade:read'],
      expiresAt: Date.now() / 1000 + 60,
      audience: issuer,
    }
    await says(`trade:read ${added}`)
    expect(await redeemIdJag({ authorizationServer, idJag })).toMatchObject({ scopes: ['trade:read'] })
    await says(`trade:read ${added} admin`)
    expect(await rejection(redeemIdJag({ authorizationServer, idJag }))).toMatchObject({
      message: expect.stringContaining('"admin"'),
    })
  })

  test('for an exchange, and what was asked for by name stays', async () => {
    const identity = admit({ kind: 'user', issuer, subject: 'u-1', clientId: 'web', claims: {} })
    const exchange = (scopes: readonly string[]) =>
      exchangeToken({
        authorizationServer,
        identity,
        subjectToken: { token: new Token('a-subject-token'), type: 'access_token' },
        resource,
        scopes,
      })
    const issued = { issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }
    await says(`trade:read ${added}`, {}, issued)
    expect(await exchange(['trade:read'])).toMatchObject({ scopes: ['trade:read'] })
    expect(await exchange(['trade:read', 'email'])).toMatchObject({ scopes: ['trade:read', 'email'] })
  })
})
