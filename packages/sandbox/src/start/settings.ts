import type { ProtocolTarget } from '@behalf/testing'
import type { SandboxProfile } from '../authorization-server/index.ts'
import { ACCOUNTS_CLIENT } from '../target/index.ts'
import type { SandboxPerson } from './people.ts'

/**
 * Addresses of a sandbox, and the settings that an app needs to use it. The secrets are valid only for this sandbox.
 */
export interface SandboxSettings {
  /** Provider whose form of roles and groups the tokens have. */
  readonly profile: SandboxProfile
  /** Origin of the phone's pages. */
  readonly phone: string
  /** The app's issuer. */
  readonly issuer: string
  /** The issuer behind the vault's connection. */
  readonly upstreamIssuer: string
  /** The employer's issuer, which asserts its people to the app's issuer (ID-JAG). */
  readonly enterpriseIssuer: string
  /** Id of the agent's client at the app's issuer. */
  readonly clientId: string
  /** Secret of the agent's client. */
  readonly clientSecret: string
  /** Audience of session access tokens: the agent's own API. */
  readonly agentResource: string
  /** The agent's name in `act`, in OpenFGA and in the audit. */
  readonly agentName: string
  /** The Stock Trade API: its origin, and its identifier as a resource. */
  readonly api: { readonly origin: string; readonly resource: string }
  /** The permission server, its only store and model, and the token of its API: options of `openFga()`. */
  readonly openFga: {
    readonly apiUrl: string
    readonly storeId: string
    readonly authorizationModelId: string
    readonly credentials: { readonly method: 'apiToken'; readonly token: string }
  }
  /** Name of the vault's connection to the upstream. */
  readonly connection: string
  /** The app's own client at the upstream, for accounts that the app connects itself. */
  readonly accountsClient: { readonly clientId: string; readonly clientSecret: string }
  /** Address for the reports of guards in other processes, and the key that they need. The key grants nothing else. */
  readonly reports: { readonly url: string; readonly key: string }
  /** The people who can sign in. */
  readonly people: readonly SandboxPerson[]
}

export function settingsOf(
  target: ProtocolTarget,
  { phone, profile, people, reports }: Pick<SandboxSettings, 'phone' | 'profile' | 'people' | 'reports'>,
): SandboxSettings {
  const { agent } = target.clients
  const { apiUrl, storeId, authorizationModelId, apiToken } = target.openFga
  return {
    profile,
    phone,
    issuer: target.authorizationServer.issuer,
    upstreamIssuer: target.upstream.issuer,
    enterpriseIssuer: target.enterprise?.issuer ?? '',
    clientId: agent.clientId,
    clientSecret: agent.authentication.method === 'client_secret_basic' ? agent.authentication.clientSecret : '',
    agentResource: target.agentResource,
    agentName: target.agentName,
    api: { origin: target.api.origin, resource: target.api.resource },
    openFga: { apiUrl, storeId, authorizationModelId, credentials: { method: 'apiToken', token: apiToken } },
    connection: target.connection,
    accountsClient: { clientId: ACCOUNTS_CLIENT.clientId, clientSecret: ACCOUNTS_CLIENT.clientSecret },
    reports,
    people,
  }
}

/** Returns the secrets among the settings. */
export function secretsOf({ clientSecret, openFga, accountsClient, reports }: SandboxSettings): readonly string[] {
  return [clientSecret, openFga.credentials.token, accountsClient.clientSecret, reports.key]
}

/** Readers of roles by token form, and the functions that replace `oidc()` at a real tenant. */
const BY_PROFILE: Readonly<
  Record<SandboxProfile, { readonly roles: string; readonly extractor: string; readonly real: string }>
> = {
  oidc: {
    roles: "claim: 'roles'",
    extractor: '',
    real: "oidc({ issuer: 'https://login.example.com', clientId, clientSecret })",
  },
  auth0: {
    roles: "claim: ['https://behalf.example/roles']",
    extractor: '',
    real: "auth0({ domain: 'tenant.eu.auth0.com', clientId, clientSecret })",
  },
  okta: {
    roles: 'extract: oktaGroups()',
    extractor: 'oktaGroups',
    real: "okta({ domain: 'example.okta.com', authorizationServer: 'default', clientId, clientSecret, loginHint })",
  },
  entra: {
    roles: 'extract: entraRoles()',
    extractor: 'entraRoles',
    real: 'entra({ tenantId, clientId, clientSecret })',
  },
  keycloak: {
    roles: 'extract: keycloakRoles()',
    extractor: 'keycloakRoles',
    real: "keycloak({ url: 'https://id.example.com', realm: 'staff', clientId, clientSecret, loginHint })",
  },
}

/** The settings as code, to paste. */
export function settingsCode(settings: SandboxSettings): string {
  const { roles, extractor, real } = BY_PROFILE[settings.profile]
  const { openFga, api, reports } = settings
  return `import { allowInsecureLoopback, createGuard } from '@behalf/core'
import { jsonLinesSink } from '@behalf/core/audit'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { checkAuth0Message, oidc } from '@behalf/core/providers'
import { ${extractor === '' ? '' : `${extractor}, `}roleMap } from '@behalf/core/roles'
import { auth0TokenVault } from '@behalf/core/vault'

export const API = '${api.origin}' // the Stock Trade API; as a resource '${api.resource}'
export const AUDIENCE = '${settings.agentResource}' // of access tokens for the agent

// Here. In production: ${real}
export const authorizationServer = oidc({
  issuer: '${settings.issuer}',
  clientId: '${settings.clientId}',
  clientSecret: ${quoted(settings.clientSecret)},
  ciba: { carriesAuthorizationDetails: true, checkBindingMessage: checkAuth0Message },
  [allowInsecureLoopback]: true,
})

// Here, to the sandbox's console. In production, to your log
const report = async (body = '') => {
  await fetch('${reports.url}', { method: 'POST', headers: { authorization: 'Bearer ${reports.key}' }, body })
}

export const guard = createGuard({
  authorizationServer,
  agent: { name: '${settings.agentName}', ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
  permissions: openFga({
    apiUrl: '${openFga.apiUrl}',
    storeId: '${openFga.storeId}',
    authorizationModelId: '${openFga.authorizationModelId}',
    credentials: { method: 'apiToken', token: '${openFga.credentials.token}' },
  }),
  roles: roleMap({ ${roles}, scopes: { trader: ['portfolio:read', 'trade:write', 'trade:small'] } }),
  vault: auth0TokenVault(),
  approvals: ciba(),
  audit: jsonLinesSink({ to: report }),
  onFault: (fault) => report(JSON.stringify(fault)),
})
`
}

const quoted = (text: string): string => `'${text.replaceAll(/[\\']/g, '\\$&')}'`
