import { BehalfError } from '../errors/index.ts'
import { type IdentityOf, type PresenceContext, type PresentUser, requirePresentUser } from '../identity/index.ts'
import type { StoreKeys } from '../lib/index.ts'
import type { Clock, Store } from '../ports/index.ts'
import { Revocations, revocationRecords } from '../revocation/index.ts'

/** What a handler judges presence by: the names that `guard.revoke` wrote into its store. */
export function presenceIn(store: Store, keys: StoreKeys | undefined, clock: Clock): PresenceContext {
  return { revocations: new Revocations(revocationRecords(store, keys)), clock }
}

/**
 * The user who is signed in and here; `undefined` for everybody else: nobody, an agent, a delegation, a token of a
 * client that is not interactive, a proof that expired or was revoked.
 *
 * @throws StoreError Nothing is known about revocations.
 */
export async function signedInUser(
  request: Request,
  identityOf: IdentityOf,
  context: PresenceContext,
): Promise<PresentUser | undefined> {
  const identity = await identityOf(request)
  return requirePresentUser(identity, context).catch((error: unknown) => {
    if (isAbsence(error)) return undefined
    throw error
  })
}

/** Whether an error says that the person has to sign in. */
export function isAbsence(error: unknown): boolean {
  return BehalfError.isInstance(error) && (error.code === 'ERR_IDENTITY_REQUIRED' || error.code === 'ERR_INVALID_TOKEN')
}
