import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { KEYCLOAK_URL } from '../../../../scripts/servers/keycloak-realm.ts'
import { idJag } from '../../src/entrypoints/enterprise.ts'
import { verifyIdToken } from '../../src/entrypoints/identity.ts'
import { oidc } from '../../src/entrypoints/providers.ts'
import { allowInsecureLoopback, createGuard, policy, resource, verifyAccessToken } from '../../src/index.ts'
import { API, createAgentRealm, profileAt } from './live-agent.ts'

const REALM = 'behalf-live-enterprise'
const CLIENT = { clientId: 'bridged-agent', clientSecret: 'bridged-agent-secret' }
const EMPLOYER_CLIENT = { clientId: 'agent-at-work', clientSecret: 'agent-at-work-secret' }

/** An employer's identity provider, which asserts its people to the realm: Keycloak takes assertions and issues none. */
async function openEmployer() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = { ...(await exportJWK(publicKey)), use: 'sig', alg: 'ES256', kid: 'employer' }
  const asserted: Record<string, unknown>[] = []
  const over: Record<string, unknown> = {}
  const answer = async (url: string, form: URLSearchParams): Promise<object> => {
    if (url.startsWith('/.well-known')) return metadata()
    if (url === '/jwks') return { keys: [jwk] }
    const claims = {
      ...{ iss: issuer, sub: 'emp-7', aud: form.get('audience') ?? '', client_id: CLIENT.clientId },
      ...{ resource: form.get('resource') ?? '', scope: form.get('scope') ?? '', jti: crypto.randomUUID() },
      ...over,
    }
    asserted.push(claims)
    return {
      issued_token_type: 'urn:ietf:params:oauth:token-type:id-jag',
      access_token: await sign(claims, 'oauth-id-jag+jwt', privateKey),
      token_type: 'N_A',
      expires_in: 120,
    }
  }
  const server = createServer((request, response) => {
    let body = ''
    request.on('data', (chunk: Buffer) => {
      body += chunk
    })
    request.on('end', async () => {
      const json = JSON.stringify(await answer(request.url ?? '', new URLSearchParams(body)))
      response.writeHead(200, { 'content-type': 'application/json' }).end(json)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const metadata = () => ({
    ...{ issuer, jwks_uri: `${issuer}/jwks`, token_endpoint: `${issuer}/token` },
    authorization_endpoint: `${issuer}/authorize`,
    ...{ response_types_supported: ['code'], subject_types_supported: ['public'] },
    id_token_signing_alg_values_supported: ['ES256'],
  })
  return {
    issuer,
    asserted,
    over,
    idToken: () => sign({ iss: issuer, sub: 'emp-7', aud: EMPLOYER_CLIENT.clientId }, 'JWT', privateKey),
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

const sign = (claims: Record<string, unknown>, typ: string, key: CryptoKey) =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ, kid: 'employer' })
    .setIssuedAt()
    .setExpirationTime('2m')
    .sign(key)

describe.runIf(KEYCLOAK_URL !== undefined)('a real Keycloak: employees of another issuer (ID-JAG)', () => {
  let employer: Awaited<ReturnType<typeof openEmployer>>
  let realm: Awaited<ReturnType<typeof createAgentRealm>>
  beforeAll(async () => {
    employer = await openEmployer()
    realm = await createAgentRealm(REALM)
    await realm.admin('POST', '/identity-provider/instances', {
      ...{ alias: 'employer', providerId: 'jwt-authorization-grant', enabled: true },
      config: {
        issuer: employer.issuer,
        ...{ useJwksUrl: 'true', jwksUrl: `${employer.issuer}/jwks`, jwtAuthorizationGrantEnabled: 'true' },
      },
    })
    await realm.client({
      ...{ clientId: CLIENT.clientId, secret: CLIENT.clientSecret, standardFlowEnabled: false },
      // Else the realm's own API `account` is in the audience too, and the token is for more than the agent asked for.
      fullScopeAllowed: false,
      attributes: {
        'oauth2.jwt.authorization.grant.enabled': 'true',
        'oauth2.jwt.authorization.grant.idp': 'employer',
      },
    })
    const scopes = (await realm.admin('GET', '/client-scopes')) as readonly { id: string; name: string }[]
    const clients = (await realm.admin('GET', `/clients?clientId=${CLIENT.clientId}`)) as readonly { id: string }[]
    const trade = scopes.find(({ name }) => name === 'trade')
    await realm.admin('PUT', `/clients/${clients[0]?.id}/optional-client-scopes/${trade?.id}`)
    await realm.admin('POST', `/users/${realm.annId}/federated-identity/employer`, {
      ...{ identityProvider: 'employer', userId: 'emp-7', userName: 'ann' },
    })
  }, 120_000)
  afterAll(() => employer?.close())

  async function call(scopes: string[] = ['trade']) {
    const authorizationServer = oidc({
      issuer: employer.issuer,
      ...EMPLOYER_CLIENT,
      algorithms: ['ES256'],
      [allowInsecureLoopback]: true,
    })
    const identity = await verifyIdToken(await employer.idToken(), { authorizationServer })
    const guard = createGuard({ authorizationServer, agent: { name: 'agent:trader' } })
    const through = idJag({ authorizationServer: profileAt(REALM, CLIENT) })
    const reads = policy(z.strictObject({}), { access: { trade: resource(API, { scopes, through }) } })
    let token = ''
    const outcome = await guard.run(
      reads,
      { tool: 'read', slot: 'enterprise', input: {}, identity },
      async (_, { access }) => {
        token = await access.trade.withToken((value) => value)
        return access.trade.scopes
      },
    )
    return { outcome, token }
  }

  test('an assertion of the employer becomes a token of the realm, for its own name of the user', async () => {
    const { outcome, token } = await call()
    expect(outcome).toMatchObject({ status: 'done', result: ['trade'] })
    const trust = { authorizationServer: profileAt(REALM), audience: API }
    expect(await verifyAccessToken(token, trust)).toMatchObject({ subject: realm.annId, clientId: CLIENT.clientId })
  })

  test('a user whom the realm does not know is not permitted', async () => {
    employer.over.sub = 'emp-8'
    const { outcome } = await call()
    delete employer.over.sub
    expect(outcome).toMatchObject({ status: 'denied', code: 'not_permitted' })
  })

  test('an assertion for another client is refused before it is sent', async () => {
    employer.over.client_id = 'another'
    const { outcome } = await call()
    delete employer.over.client_id
    expect(outcome.status).not.toBe('done')
    expect(outcome.trace.steps.at(-1)?.detail).toContain('for another client')
  })
})
