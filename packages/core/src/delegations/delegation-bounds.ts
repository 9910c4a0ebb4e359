import type { Identity } from '../base/contract/index.ts'
import type { DelegatedCredentials, DelegationRecord } from './delegation-record.ts'

/** Limits on the use of an identity that comes from a delegation. */
export interface DelegationBounds {
  readonly agent: string
  readonly client: string
  readonly credentials: DelegatedCredentials
  readonly tools: ReadonlySet<string> | undefined
  readonly scopes: ReadonlySet<string> | undefined
}

const bounds = new WeakMap<Identity, DelegationBounds>()

/** Ties an identity to its delegation. Nothing that an app can make does. */
export function bindToDelegation(
  identity: Identity,
  { agent, client, credentials, tools, scopes }: DelegationRecord,
): void {
  bounds.set(identity, {
    agent,
    client,
    credentials,
    tools: tools && new Set(tools),
    scopes: scopes && new Set(scopes),
  })
}

/** Returns the limits of a delegated identity. `undefined` if this copy of the package did not make it. */
export function delegationBoundsOf(identity: Identity): DelegationBounds | undefined {
  return bounds.get(identity)
}
