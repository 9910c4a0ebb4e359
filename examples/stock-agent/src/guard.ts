import {
  type AuditSink,
  type Clock,
  createGuard,
  type Fetch,
  type GuardOptions,
  type GuardWithDelegations,
  type Profile,
  type Store,
} from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { delegations } from '@behalf/core/delegations'
import { openFga } from '@behalf/core/fga'
import { roleMap } from '@behalf/core/roles'
import { auth0TokenVault, type Vault } from '@behalf/core/vault'

/** Differences between the demo, a test and a real deployment. */
export interface GuardParts {
  readonly authorizationServer: Profile
  readonly agentName: string
  readonly openFga: {
    readonly apiUrl: string
    readonly storeId: string
    readonly authorizationModelId: string
    readonly apiToken: string
  }
  readonly audit: AuditSink
  /** @default Auth0's */
  readonly vault?: Vault | undefined
  readonly store: Store
  /** For a durable store. */
  readonly keys?: GuardOptions['keys']
  readonly clock: Clock
  readonly fetch: Fetch
}

const ceiling = ['portfolio:read', 'trade:write', 'trade:small']

/** The guard of the stock agent: every room that its policies need, and nothing else. */
export function stockGuard({
  authorizationServer,
  agentName,
  audit,
  vault = auth0TokenVault(),
  store,
  keys,
  clock,
  fetch,
  ...parts
}: GuardParts): GuardWithDelegations {
  const { apiToken, ...fga } = parts.openFga
  return createGuard({
    authorizationServer,
    agent: { name: agentName, ceiling },
    permissions: openFga({ ...fga, credentials: { method: 'apiToken', token: apiToken }, clock, fetch }),
    roles: roleMap({ claim: 'roles', scopes: { trader: ['trade:write', 'trade:small'] } }),
    vault,
    approvals: ciba(),
    delegations: delegations(),
    store,
    ...(keys && { keys }),
    audit: { sink: audit, required: true },
    clock,
    fetch,
  })
}
