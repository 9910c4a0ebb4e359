import type { Identity } from '../contract/index.ts'
import { delegationBoundsOf } from '../delegations/delegation-bounds.ts'
import { deny, type Stop } from './stop.ts'

/** Why a delegated identity may not be used by this agent for this tool. `undefined`: it may, or it is not delegated. */
export function delegationRefusal(identity: Identity, tool: string, agent: string): Stop | undefined {
  if (identity.kind !== 'user' || identity.delegationId === undefined) return undefined
  const bounds = delegationBoundsOf(identity)
  // Its name alone says nothing about how far it goes.
  if (bounds === undefined) return deny('identity_not_verified', 'the identity names a delegation that did not make it')
  if (bounds.agent !== agent) {
    return deny('identity_not_verified', `the delegation was made for another agent: ${bounds.agent}`)
  }
  if (bounds.tools === undefined || bounds.tools.has(tool)) return undefined
  return deny('delegation_exceeded', `the delegation does not name the tool ${tool}`)
}

/** What a job's credentials may hold at most (I5); `undefined` where the user is here, or agreed to no bound. */
export function delegatedScopes(identity: Identity): ReadonlySet<string> | undefined {
  if (identity.kind !== 'user' || identity.delegationId === undefined) return undefined
  return delegationBoundsOf(identity)?.scopes
}
