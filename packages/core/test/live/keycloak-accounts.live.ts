import { decodeJwt } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import * as z from 'zod'
import { createRealm, KEYCLOAK_URL, type Realm } from '../../../../scripts/servers/keycloak-realm.ts'
import { connection, exchangeVault, keycloakBroker } from '../../src/entrypoints/vault.ts'
import { createGuard, policy, type UserIdentity, verifyAccessToken } from '../../src/index.ts'
import { AGENT, createAgentRealm, login, profileAt } from './live-agent.ts'

const REALM = 'behalf-live-accounts'
const UPSTREAM = 'behalf-live-upstream'
const ORIGIN = 'https://crm.example'

describe.runIf(KEYCLOAK_URL !== undefined)('a real Keycloak: accounts at another issuer, by its broker', () => {
  const authorizationServer = profileAt(REALM)
  let realm: Realm
  let upstream: Realm
  beforeAll(async () => {
    upstream = await createRealm(UPSTREAM)
    realm = await createAgentRealm(REALM)
    const broker = { clientId: 'broker-of-realm', secret: 'broker-secret' }
    await upstream.client({ ...broker, redirectUris: [`${realm.issuer}/broker/crm/endpoint`] })
    const protocol = `${upstream.issuer}/protocol/openid-connect`
    await realm.admin('POST', '/identity-provider/instances', {
      ...{ alias: 'crm', providerId: 'oidc', enabled: true, storeToken: true, addReadTokenRoleOnCreate: true },
      trustEmail: true,
      config: {
        ...{ clientId: broker.clientId, clientSecret: broker.secret, clientAuthMethod: 'client_secret_post' },
        ...{ issuer: upstream.issuer, authorizationUrl: `${protocol}/auth`, tokenUrl: `${protocol}/token` },
        ...{ jwksUrl: `${protocol}/certs`, useJwksUrl: 'true', validateSignature: 'true' },
        defaultScope: 'openid profile email',
      },
    })
  }, 120_000)

  const identityOf = async (parameters = {}) => {
    const { tokens } = await login(realm, { parameters })
    const trust = { authorizationServer, audience: AGENT.clientId }
    return (await verifyAccessToken(tokens.accessToken, trust)) as UserIdentity
  }
  const crm = connection('crm', { scopes: ['profile'], origins: [ORIGIN] })
  const reads = policy(z.strictObject({}), { access: { crm } })
  const call = (identity: UserIdentity) =>
    createGuard({
      authorizationServer,
      agent: { name: 'agent:trader' },
      vault: exchangeVault({ broker: keycloakBroker }),
    }).run(reads, { tool: 'read', slot: crypto.randomUUID(), input: {}, identity }, (_, { access }) =>
      // A token itself would be redacted in the result.
      access.crm.withToken((token) => ({ iss: decodeJwt(token).iss, sub: decodeJwt(token).sub })),
    )

  test('a user who may read tokens and has no link is asked to connect the account; one who may not is a set-up', async () => {
    expect(await call(await identityOf())).toMatchObject({ status: 'denied', code: 'misconfigured' })
    const [broker] = (await realm.admin('GET', '/clients?clientId=broker')) as readonly { id: string }[]
    const role = await realm.admin('GET', `/clients/${broker?.id}/roles/read-token`)
    await realm.admin('POST', `/users/${realm.annId}/role-mappings/clients/${broker?.id}`, [role])
    const identity = await identityOf()
    expect(await call(identity)).toMatchObject({ status: 'interrupted', interrupt: { kind: 'connection_required' } })
    await realm.admin('DELETE', `/users/${identity.subject}`)
  })

  test('a user who came from there has the stored token, which is the other issuer’s', async () => {
    const identity = await identityOf({ kc_idp_hint: 'crm' })
    expect(await call(identity)).toMatchObject({
      status: 'done',
      result: { iss: upstream.issuer, sub: upstream.annId },
    })
  })
})
