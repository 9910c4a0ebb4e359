export type { Resealed } from '../lib/index.ts'
export type { CreateDelegationOptions } from './create-delegation.ts'
export { delegationBoundsOf } from './delegation-bounds.ts'
export type { DelegatedCredentials, DelegationRecord, DelegationView, UseLimit } from './delegation-record.ts'
export { DelegationStore, endDelegations } from './delegation-store.ts'
export {
  createDelegations,
  type DelegationNote,
  type Delegations,
  type UseDelegationOptions,
} from './delegations.ts'
