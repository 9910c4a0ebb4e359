import { verifies } from '@behalf/testing/requirements'
import { HttpResponse, http } from 'msw'
import { beforeEach, expect, test } from 'vitest'
import * as z from 'zod'
import { oidc } from '../../../src/entrypoints/providers.ts'
import { Token } from '../../../src/entrypoints/spi.ts'
import { connection } from '../../../src/entrypoints/vault.ts'
import { admit } from '../../../src/identity/verified.ts'
import { createGuard, memoryStore, policy } from '../../../src/index.ts'
import { type ExchangeVaultOptions, exchangeVault, keycloakBroker } from '../../../src/vault/exchange-vault.ts'
import { mockIssuer, useMsw } from '../oauth/mock-issuer.ts'
import { testChannel } from '../runs/harness.ts'

const ISSUER = 'https://sso.example/realms/acme'
const API = 'https://api.crm.example'
const schema = z.strictObject({ n: z.number() })
const issuer = await mockIssuer(ISSUER)
const asked: (URLSearchParams | undefined)[] = []
/** What the API got. */
const sent: (string | null)[] = []
let answer: Record<string, unknown> = {}
useMsw(
  ...issuer.handlers,
  http.get(`${API}/x`, ({ request }) => {
    sent.push(request.headers.get('authorization'))
    return new HttpResponse(null, { status: 200 }) as never
  }),
  http.post(`${ISSUER}/token`, async ({ request }) => {
    asked.push(new URLSearchParams(await request.text()))
    return HttpResponse.json(answer as never) as never
  }),
  http.get(`${ISSUER}/broker/crm/token`, () => {
    asked.push(undefined)
    return HttpResponse.json(answer as never) as never
  }),
)
beforeEach(() => {
  asked.length = sent.length = 0
})

const upstream = { access_token: 'upstream', token_type: 'Bearer', expires_in: 3600, scope: 'trade' }
const issued = { ...upstream, issued_token_type: 'urn:ietf:params:oauth:token-type:access_token' }

/** A guard over a broker, with calls of a tool that uses an account of Ann's. */
function guarded(options: ExchangeVaultOptions) {
  const guard = createGuard({
    authorizationServer: oidc({ issuer: ISSUER, clientId: 'agent', clientSecret: 's' }),
    agent: { name: 'agent:crm' },
    store: memoryStore(),
    vault: exchangeVault(options),
    approvals: testChannel().channel,
  })
  const token = { token: new Token('the-users-own'), type: 'access_token' } as const
  const claims = { iat: Math.floor(Date.now() / 1000) }
  const identity = admit({ kind: 'user', issuer: ISSUER, subject: 'ann', clientId: 'agent', claims }, token)
  const origins = [API] as const
  const call = { tool: 'trade', slot: 's', input: { n: 5 }, identity }
  return {
    /** A call for which the policy names the account. */
    named: (account: string) => {
      const crm = connection('crm', { scopes: ['trade'], origins, account })
      const trades = policy(schema, { access: { crm } })
      return guard.run(trades, call, (_, { access }) => access.crm.fetch(`${API}/x`).then(({ status }) => status))
    },
    /** A call so small that the policy asks no approval for it. */
    exempt: () => {
      const crm = connection('crm', { scopes: ['trade'], withoutApproval: ['read'], origins })
      const approval = { message: () => 'Trade', when: ({ input }: { input: { n: number } }) => input.n > 10 }
      const trades = policy(schema, { access: { crm }, approval })
      return guard.run(trades, call, (_, { access }) => access.crm.fetch(`${API}/x`).then(({ status }) => status))
    },
  }
}

test.each([
  ['Keycloak’s stored tokens', { broker: keycloakBroker }, upstream],
  ['an exchange without parameters', {}, issued],
])('a policy that names an account gets no token of another one: %s', async (_, options, body) => {
  answer = body
  const { named } = guarded(options)
  const outcome = await named('work@crm.example')
  expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
  expect(JSON.stringify(outcome.trace)).toContain('this broker cannot choose')
  expect([asked, sent]).toEqual([[], []])
})

test('an exchange whose parameters send the account is asked for it', async () => {
  answer = issued
  const parameters: ExchangeVaultOptions['parameters'] = ({ connection: audience, account = '' }) => ({
    audience,
    login_hint: account,
  })
  const { named } = guarded({ parameters })
  expect(await named('work@crm.example')).toMatchObject({ status: 'done', result: 200 })
  expect(asked[0]?.get('login_hint')).toBe('work@crm.example')
})

test(
  verifies('I5', 'a stored token of which the broker does not say what it may do goes to no call that has no approval'),
  async () => {
    const { scope: _, ...silent } = upstream
    answer = silent
    const { exempt } = guarded({ broker: keycloakBroker })
    const outcome = await exempt()
    expect(outcome).toMatchObject({ status: 'denied', code: 'misconfigured' })
    expect(JSON.stringify(outcome.trace)).toContain('does not say which scopes')
    expect(sent).toEqual([])
    answer = { ...upstream, scope: 'read' }
    expect(await exempt()).toMatchObject({ status: 'done', result: 200 })
  },
)
