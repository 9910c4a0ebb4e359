// `@behalf/core/delegations`: tasks that users let the agent do while they are away.

export { DelegationError, type DelegationRefusal } from '../base/errors/index.ts'
export type { CreateDelegationOptions } from '../delegations/create-delegation.ts'
export type { DelegatedCredentials, DelegationView, UseLimit } from '../delegations/delegation-record.ts'
export type { Delegations, Resealed, UseDelegationOptions } from '../delegations/delegations.ts'
export { type DelegationsPart, delegations } from '../delegations/delegations-part.ts'
