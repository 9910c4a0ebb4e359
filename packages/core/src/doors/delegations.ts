// `@behalf/core/delegations`: tasks that users let the agent do while they are away.
export {
  type CreateDelegationOptions,
  type DelegatedCredentials,
  type Delegations,
  type DelegationsPart,
  type DelegationView,
  delegations,
  type Resealed,
  type UseDelegationOptions,
  type UseLimit,
} from '../delegations/index.ts'
