import type { Identity, UserIdentity } from '../contract/index.ts'
import { isVerified } from '../identity/index.ts'

/**
 * Says who is signed in, from the app's own session or a bearer token: the one port by which handlers know.
 *
 * What it returns has to come from `verifyIdToken` or `verifyAccessToken`; any other object is nobody.
 */
export type IdentityOf = (request: Request) => Identity | undefined | Promise<Identity | undefined>

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
