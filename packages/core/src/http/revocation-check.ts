import { type Ledger, Revocations } from '../approvals/index.ts'
import type { UserIdentity } from '../contract/index.ts'
import type { Clock } from '../ports/index.ts'

/** How long a page may go on showing after a revocation, as with the guard's own default. */
const REVOCATION_SECONDS = 5

/**
 * Whether `guard.revoke` ended a person's access (I9): read anew before anything changes, and at most every few
 * seconds for what is only shown.
 *
 * @throws StoreError Nothing is known.
 */
export function revocationCheck(
  ledger: Ledger,
  clock: Clock,
): (user: UserIdentity, changes: boolean) => Promise<boolean> {
  const revocations = new Revocations(ledger, REVOCATION_SECONDS)
  return async (user, changes) => {
    await (changes ? revocations.read(clock.now()) : revocations.refresh(clock.now()))
    return revocations.has(user)
  }
}
