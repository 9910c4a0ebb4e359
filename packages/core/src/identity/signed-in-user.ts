import type { IdentityOf } from './present-user.ts'
import { isAbsence, type PresenceContext, type PresentUser, requirePresentUser } from './present-user.ts'

/**
 * Returns the present user. `undefined` if no user is signed in, and for an agent, a delegation, a token of a client
 * that is not interactive, and a proof that expired or was revoked.
 *
 * @throws StoreError Revocations could not be read.
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
