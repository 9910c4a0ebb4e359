import { createGuard, type Fetch, type Guard, type GuardOptions, type Store } from '@behalf/core'
import { ciba } from '@behalf/core/ciba'
import { auth0 } from '@behalf/core/providers'
import { auth0TokenVault } from '@behalf/core/vault'
import { tradingPermissions } from '../../target/trading-permissions.ts'
import { roles } from './toolbox.ts'

/** Description of a guard as plain data, from which another process can make an equal one. */
export interface GuardPlan {
  readonly domain: string
  readonly clientId: string
  readonly clientSecret: string
  readonly agentName: string
  readonly openFga: {
    readonly apiUrl: string
    readonly storeId: string
    readonly authorizationModelId: string
    readonly apiToken: string
  }
  readonly keys: { readonly seal: readonly [Uint8Array]; readonly index: Uint8Array }
}

/** Parts of a guard that cannot be sent to another process. */
export interface GuardSurroundings {
  readonly store: Store
  readonly fetch: Fetch
  readonly clock: { now(): number }
}

export const profileOf = ({ domain, clientId, clientSecret }: GuardPlan) =>
  auth0({ domain, clientId, clientSecret, algorithms: ['ES256'] })

/** Makes a guard as one process of an app would. */
export function makeGuard(plan: GuardPlan, around: GuardSurroundings, over: Partial<GuardOptions> = {}): Guard {
  const { store, fetch, clock } = around
  return createGuard({
    authorizationServer: profileOf(plan),
    agent: { name: plan.agentName, ceiling: ['portfolio:read', 'trade:write', 'trade:small'] },
    permissions: tradingPermissions(plan.openFga, { clock, fetch }),
    roles,
    vault: auth0TokenVault(),
    approvals: ciba(),
    store,
    keys: plan.keys,
    clock,
    fetch,
    // A busy machine takes many times as long as any server.
    timeoutMs: 60_000,
    ...over,
  })
}
