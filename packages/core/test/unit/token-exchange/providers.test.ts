import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, describe, expect, test } from 'vitest'
import type { UserIdentity } from '../../../src/base/contract/index.ts'
import { Token } from '../../../src/credential/index.ts'
import { admit } from '../../../src/identity/verified.ts'
import { connectAuthorizationServer } from '../../../src/oauth/connect-authorization-server.ts'
import { auth0 } from '../../../src/oauth/profiles/auth0.ts'
import { entra } from '../../../src/oauth/profiles/entra.ts'
import { keycloak } from '../../../src/oauth/profiles/keycloak.ts'
import { okta } from '../../../src/oauth/profiles/okta.ts'
import type { Profile } from '../../../src/oauth/profiles/profile.ts'
import { spring } from '../../../src/oauth/profiles/spring.ts'
import { exchangeToken } from '../../../src/token-exchange/exchange-token.ts'
import type { ExchangeTokenOptions } from '../../../src/token-exchange/plan-exchange.ts'
import { type MockIssuer, mockIssuer, useMsw } from '../oauth/mock-issuer.ts'

const NOW = Date.parse('2026-11-25T10:00:00Z')
const SECONDS = NOW / 1000
const clock = { now: () => NOW }
const tenantId = 'aaaabbbb-0000-cccc-1111-dddd2222eeee'
const appId = '11112222-bbbb-3333-cccc-4444dddd5555'
const client = { clientId: 'agent-app', clientSecret: 'agent-secret', algorithms: ['ES256'] }
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token'

interface Case {
  readonly profile: Profile
  readonly resource: string
  readonly scopes: readonly string[]
  /** Claims of a right token, and its answer. */
  readonly claims: Record<string, unknown>
  readonly answer: Record<string, unknown>
  readonly form: Record<string, string>
  readonly subject: string
  readonly tenant?: string
  /** What makes it a token for another audience. */
  readonly stranger: Record<string, unknown>
}

const rfc8693 = {
  grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
  subject_token: 'the-subject-token',
  subject_token_type: accessTokenType,
  requested_token_type: accessTokenType,
}
const API = 'https://api.example.com/'

const cases: Record<string, Case> = {
  auth0: {
    profile: auth0({ domain: 'tenant.eu.auth0.com', ...client }),
    resource: API,
    scopes: ['trade:write'],
    claims: { sub: 'auth0|ann', aud: API, azp: 'agent-app', scope: 'trade:write', org_id: 'org_1', typ: undefined },
    answer: { issued_token_type: accessTokenType, scope: 'trade:write' },
    form: {
      ...rfc8693,
      audience: API,
      scope: 'trade:write',
      client_id: 'agent-app',
      client_secret: 'agent-secret',
    },
    subject: 'auth0|ann',
    tenant: 'org_1',
    stranger: { org_id: 'org_2' },
  },
  okta: {
    profile: okta({ domain: 'example.okta.com', authorizationServer: 'default', ...client }),
    resource: 'api://default',
    scopes: ['trade:write'],
    claims: {
      sub: 'ann@example.com',
      uid: '00u1',
      cid: 'agent-app',
      aud: 'api://default',
      scp: ['trade:write'],
      jti: 'j',
    },
    answer: { issued_token_type: accessTokenType, scope: 'trade:write' },
    form: { ...rfc8693, audience: 'api://default', scope: 'trade:write' },
    subject: '00u1',
    stranger: { uid: '00u2' },
  },
  keycloak: {
    profile: keycloak({ url: 'https://id.example.com', realm: 'trade', ...client }),
    resource: 'trade-api',
    scopes: ['trade:write'],
    claims: {
      sub: 'f-1',
      azp: 'agent-app',
      typ: 'Bearer',
      aud: 'trade-api',
      jti: 'j',
      // The realm's default scopes are in every token, whatever was asked.
      scope: 'email profile trade:write',
      preferred_username: 'ann',
    },
    answer: { issued_token_type: accessTokenType, scope: 'email profile trade:write' },
    form: { ...rfc8693, audience: 'trade-api', scope: 'trade:write' },
    subject: 'f-1',
    stranger: { sub: 'f-2' },
  },
  entra: {
    profile: entra({ tenantId, ...client }),
    resource: `api://${appId}`,
    scopes: ['Trade.Write'],
    claims: {
      sub: 'pairwise-1',
      oid: 'o-1',
      tid: tenantId,
      azp: 'agent-app',
      ver: '2.0',
      aud: appId,
      scp: 'Trade.Write',
      typ: undefined,
    },
    answer: { scope: `api://${appId}/Trade.Write` },
    form: {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: 'the-subject-token',
      requested_token_use: 'on_behalf_of',
      scope: `api://${appId}/Trade.Write`,
      client_id: 'agent-app',
      client_secret: 'agent-secret',
    },
    subject: 'o-1',
    tenant: tenantId,
    stranger: { oid: 'o-2' },
  },
  spring: {
    profile: spring({ issuer: 'https://auth.example.com', ...client }),
    resource: API,
    scopes: ['trade:write'],
    claims: { sub: 'ann', aud: API, client_id: 'agent-app', nbf: SECONDS, jti: 'j', scope: ['trade:write'] },
    answer: { issued_token_type: accessTokenType, scope: 'trade:write' },
    form: { ...rfc8693, resource: API, scope: 'trade:write' },
    subject: 'ann',
    stranger: { sub: 'ben' },
  },
}

const msw = useMsw()
const issuers = new Map<string, MockIssuer>()
let forms: URLSearchParams[] = []
let change: { claims?: Record<string, unknown>; answer?: Record<string, unknown>; status?: number } = {}
beforeEach(async () => {
  forms = []
  change = {}
  for (const { profile, claims, answer } of Object.values(cases)) {
    const issuer = issuers.get(profile.issuer) ?? (await mockIssuer(profile.issuer, clock.now))
    issuers.set(profile.issuer, issuer)
    msw.use(
      ...issuer.handlers,
      http.post(`${profile.issuer.replace(/\/$/, '')}/token`, async ({ request }) => {
        forms.push(new URLSearchParams(await request.text()))
        if (change.status !== undefined) return HttpResponse.json(change.answer, { status: change.status })
        const signed = { exp: SECONDS + 300, ...claims, ...change.claims }
        const token = await issuer.sign(withoutAbsent(signed), { typ: 'JWT' })
        return HttpResponse.json(
          withoutAbsent({ access_token: token, token_type: 'Bearer', expires_in: 300, ...answer, ...change.answer }),
        )
      }),
    )
  }
})

const withoutAbsent = (object: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))

function exchange({ profile, resource, scopes, subject, tenant }: Case, over: Partial<ExchangeTokenOptions> = {}) {
  const identity: UserIdentity = admit({
    kind: 'user',
    issuer: profile.issuer,
    subject,
    clientId: 'web',
    claims: {},
    ...(tenant !== undefined && { tenant }),
  })
  return exchangeToken({
    authorizationServer: connectAuthorizationServer(profile, { fetch: globalThis.fetch, clock, timeoutMs: 5_000 }),
    identity,
    subjectToken: { token: new Token('the-subject-token'), type: 'access_token' },
    resource,
    scopes,
    clock,
    ...over,
  })
}

describe.each(Object.entries(cases))('%s', (_, provider) => {
  test("asks in the provider's own words, and takes a right answer", async () => {
    const exchanged = await exchange(provider)
    expect(exchanged).toMatchObject({ scopes: provider.scopes, expiresAt: SECONDS + 300, verified: true })
    expect(Object.fromEntries(forms[0] ?? [])).toEqual(provider.form)
  })

  test('takes no token for another audience', async () => {
    change = { claims: provider.stranger }
    await expect(exchange(provider)).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test.each([
    ['another API', { aud: 'another-api' }],
    ['other APIs too', { aud: undefined, _aud: true }],
  ])('takes no token for %s', async (_name, { _aud, ...claims }: Record<string, unknown>) => {
    change = { claims: _aud === true ? { aud: [provider.claims.aud, 'another-api'] } : claims }
    await expect(exchange(provider)).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
  })

  test(verifies('I5', 'takes no scope that was not asked for'), async () => {
    change = { answer: { scope: `${String(provider.answer.scope)} admin` } }
    await expect(exchange(provider)).rejects.toThrow('scopes that were not asked for')
    const own = { scope: 'trade:write admin', scp: Array.isArray(provider.claims.scp) ? ['admin'] : 'admin' }
    change = { claims: own }
    await expect(exchange(provider)).rejects.toThrow('scopes that were not asked for')
  })

  test('takes no token back that was handed in', async () => {
    change = { answer: { access_token: 'the-subject-token' } }
    await expect(exchange(provider)).rejects.toThrow('returned the token that was to be exchanged')
  })
})

describe('Keycloak', () => {
  test('exchanges access tokens only', async () => {
    const subjectToken = { token: new Token('an-id-token'), type: 'id_token' } as const
    await expect(exchange(cases.keycloak as Case, { subjectToken })).rejects.toThrow('access_token only')
    expect(forms).toEqual([])
  })

  test('an id_token in the place of an access token is refused by its typ claim', async () => {
    change = { claims: { typ: 'ID' } }
    await expect(exchange(cases.keycloak as Case)).rejects.toThrow('no access token')
  })

  test('a new login helps where the token ended, and not where the API is in no audience mapper', () => {
    const { exchange: rules } = (cases.keycloak as Case).profile
    expect(rules?.loginRequiredErrors).toEqual(['invalid_grant', 'invalid_request: Invalid token'])
  })
})

describe('Entra', () => {
  const provider = cases.entra as Case

  test.each([
    ['.default', { scopes: ['.default'] }],
    ['an actor token', { actorToken: { token: new Token('a'), type: 'access_token' } as const }],
    ['another type of token', { requestedTokenType: 'jwt' as const }],
    ['several APIs', { resource: [`api://${appId}`, 'api://other'] }],
    ['no API', { resource: undefined as never, audience: appId }],
    ['an id_token', { subjectToken: { token: new Token('i'), type: 'id_token' } as const }],
    ['authorization details', { authorizationDetails: [{ type: 'stock_order' }] }],
  ])('sends nothing for %s', async (_, over) => {
    await expect(exchange(provider, over)).rejects.toMatchObject({ code: 'ERR_CONFIGURATION' })
    expect(forms).toEqual([])
  })

  test('an identifier of its own needs the application id beside it', async () => {
    const resource = 'https://api.example.com'
    change = { answer: { scope: 'https://api.example.com/Trade.Write' } }
    await expect(exchange(provider, { resource })).rejects.toMatchObject({ code: 'ERR_INVALID_RESPONSE' })
    await expect(exchange(provider, { resource, audience: appId })).resolves.toMatchObject({ verified: true })
    expect(forms[0]?.get('scope')).toBe('https://api.example.com/Trade.Write')
  })

  test('conditional access that asks for more is told as it is', async () => {
    change = { status: 400, answer: { error: 'interaction_required', error_description: 'AADSTS50076', claims: '{}' } }
    await expect(exchange(provider)).rejects.toMatchObject({ error: 'interaction_required' })
    expect(provider.profile.exchange?.loginRequiredErrors).toContain('interaction_required')
  })
})
