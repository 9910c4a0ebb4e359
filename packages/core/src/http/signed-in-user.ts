import type { UserIdentity } from '../contract/index.ts'
import { type IdentityOf, isVerified } from '../identity/index.ts'

/** The user who is signed in, with a proof that has not ended; `undefined` for everybody else. */
export async function signedInUser(
  request: Request,
  identityOf: IdentityOf,
  now: number,
): Promise<UserIdentity | undefined> {
  const identity = await identityOf(request)
  if (!isVerified(identity) || identity.kind !== 'user') return undefined
  return identity.expiresAt === undefined || now < identity.expiresAt ? identity : undefined
}
