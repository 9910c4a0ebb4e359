import { type AuditSink, allowInsecureLoopback, createGuard, type Guard, type Profile, type Store } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { openFga } from '@behalf/core/fga'
import { inAppApprovals } from '@behalf/core/http'
import type { Sessions } from '@behalf/core/identity'
import { oidc } from '@behalf/core/providers'
import { roleMap } from '@behalf/core/roles'
import { type StoredVault, storedVault } from '@behalf/core/vault'
import { API } from '@behalf/example-stock-agent'
import { phoneOrInbox } from './phone-or-inbox.ts'
import { isLoopback, type Settings } from './settings.ts'

/** The issuer, as the app's client sees it. For a tenant of a provider: `auth0()`, `okta()` and others. */
export function profileOf({ issuer, clientId, clientSecret }: Settings): Profile {
  return oidc({
    issuer,
    clientId,
    clientSecret,
    ciba: { carriesAuthorizationDetails: true },
    ...(isLoopback(issuer) && { [allowInsecureLoopback]: true as const }),
  })
}

/** Returns the vault of the accounts that users link at the exchange. */
export function vaultOf({ accounts, keys, origin }: Settings, store: Store): StoredVault {
  return storedVault({
    store,
    keys,
    connectPage: `${origin}/connections`,
    connections: {
      stocktrade: {
        label: 'Stock Trade',
        ...accounts,
        scopes: ['portfolio:read'],
        alwaysScopes: ['openid', 'offline_access'],
        resource: `${API}/`,
        ...(isLoopback(accounts.issuer) && { [allowInsecureLoopback]: true as const }),
      },
    },
  })
}

export interface GuardParts {
  readonly settings: Settings
  readonly authorizationServer: Profile
  readonly store: Store
  readonly vault: StoredVault
  readonly sessions: Sessions
  readonly audit: AuditSink
}

/** Makes the guard, with every option that the policies need. */
export function guardOf({ settings, authorizationServer, store, vault, sessions, audit }: GuardParts): Guard {
  const { agentName, keys } = settings
  const { apiToken, ...fga } = settings.openFga
  return createGuard({
    authorizationServer,
    agent: { name: agentName, ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
    permissions: openFga({ ...fga, credentials: { method: 'apiToken', token: apiToken } }),
    roles: roleMap({ claim: 'roles', scopes: { trader: ['trade:write', 'trade:small'] } }),
    vault,
    sessions,
    approvals: phoneOrInbox(ciba(), inAppApprovals({ intervalSeconds: 2 })),
    store,
    keys,
    audit: { sink: audit, required: true },
  })
}
