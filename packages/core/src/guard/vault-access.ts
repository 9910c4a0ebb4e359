import type { UserIdentity } from '../contract/index.ts'
import { delegationBoundsOf } from '../delegations/index.ts'
import type { Vault, VaultRequest } from '../vault/vault.ts'

/**
 * Returns by what a job may ask the vault: by the worker grant where its user agreed to that. A vault that needs no proof
 * of the user would give tokens also to a delegation without one, so such a delegation is refused here.
 */
export function vaultAccess(
  identity: UserIdentity,
  vault: Vault,
): Pick<VaultRequest, 'delegation'> | { readonly refused: string } {
  const id = identity.delegationId
  const bounds = id === undefined ? undefined : delegationBoundsOf(identity)
  if (id === undefined || bounds?.credentials === 'refresh_token') return {}
  if (bounds?.credentials !== 'worker')
    return { refused: 'the delegation was made without anything that brings tokens' }
  if (vault.hasWorkerGrant !== true) return { refused: 'the delegation needs a worker grant, and the vault has none' }
  return { delegation: { id, agent: bounds.agent } }
}
