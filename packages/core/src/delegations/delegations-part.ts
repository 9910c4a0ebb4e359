import type { RevokingServers } from '../oauth/tokens/release-token.ts'
import type { OnUnreadable, OpenedStore } from '../records/index.ts'
import type { Revoked } from '../records/revocation/index.ts'
import { DelegationStore, endDelegations } from './delegation-store.ts'
import { createDelegations, type Delegations, type DelegationsContext } from './delegations.ts'

/** The delegations of one guard. */
export interface OpenedDelegations {
  readonly delegations: Delegations
  /** Ends the delegations of a revoked user or session, and returns how many there were. */
  endRevoked(
    revoked: Revoked,
    context: { readonly servers: RevokingServers; readonly onUnreadable: OnUnreadable },
  ): Promise<number>
}

/** A part of a guard, made by `delegations()`. */
export interface DelegationsPart {
  /** @internal For `createGuard`. */
  open(store: OpenedStore, context: Omit<DelegationsContext, 'store'>): OpenedDelegations
}

/**
 * Returns the part that adds `guard.delegations` to a guard: tasks that users let the agent do while they are away.
 *
 * @example
 * ```ts
 * const guard = createGuard({ authorizationServer, agent, store, keys, delegations: delegations() })
 * ```
 */
export function delegations(): DelegationsPart {
  return {
    open(opened, context) {
      const store = new DelegationStore(opened)
      return {
        delegations: createDelegations({ ...context, store }),
        endRevoked: (revoked, ending) => endDelegations(store, revoked, ending),
      }
    },
  }
}
