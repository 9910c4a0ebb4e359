import type { Identity } from '../../base/contract/index.ts'
import { delegationBoundsOf } from '../../delegations/delegations.ts'
import { deny, type Refusal } from '../call/refusal.ts'

/**
 * Refuses a delegated identity that this agent may not use for this tool. `undefined`: it may, or it is not delegated.
 *
 * @param client - Client of the guard at the issuer of the identity. Absent: any client.
 */
export function delegationRefusal(
  identity: Identity,
  tool: string,
  agent: string,
  client?: () => string | undefined,
): Refusal | undefined {
  if (identity.kind !== 'user' || identity.delegationId === undefined) return undefined
  const bounds = delegationBoundsOf(identity)
  // The id of a delegation alone does not bound it.
  if (bounds === undefined) return deny('identity_not_verified', 'the identity names a delegation that did not make it')
  if (bounds.agent !== agent) {
    return deny('identity_not_verified', `the delegation was made for another agent: ${bounds.agent}`)
  }
  if (bounds.tools?.has(tool) === false) {
    return deny('delegation_exceeded', `the delegation does not name the tool ${tool}`)
  }
  if (client === undefined || bounds.client === client()) return undefined
  return deny('identity_not_verified', 'the delegation was made for another client')
}

/**
 * Returns the scopes that a job's credentials may hold at most (I5). Returns `undefined` if the user is present, or
 * agreed to no limit.
 */
export function delegatedScopes(identity: Identity): ReadonlySet<string> | undefined {
  if (identity.kind !== 'user' || identity.delegationId === undefined) return undefined
  return delegationBoundsOf(identity)?.scopes
}
