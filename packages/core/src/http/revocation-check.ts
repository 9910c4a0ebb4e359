import type { UserIdentity } from '../contract/index.ts'
import type { StoreKeys } from '../lib/index.ts'
import type { Clock, Store } from '../ports/index.ts'
import { Revocations, revocationRecords } from '../revocation/index.ts'

/**
 * Whether `guard.revoke` ended a person's access (I9), by the names in the store now.
 *
 * @throws StoreError Nothing is known.
 */
export function revocationCheck(
  { store, keys }: { readonly store: Store; readonly keys?: StoreKeys | undefined },
  clock: Clock,
): (user: UserIdentity) => Promise<boolean> {
  const revocations = new Revocations(revocationRecords(store, keys), 0)
  return async (user) => (await revocations.findNow(user, clock.now())) !== undefined
}
