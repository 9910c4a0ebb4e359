import type { UserIdentity } from '../../base/contract/index.ts'

/**
 * Returns the time of the proof behind an identity, in epoch seconds: the login (`auth_time`), the proof that a session
 * or delegation keeps, or else the token itself (`iat`). `undefined` if none of them gives a time.
 */
export function provenAtOf({ authTime, provenAt, claims }: UserIdentity): number | undefined {
  // A delegation keeps the proof of its user, and the login behind its refresh token has another time: both count.
  if (authTime !== undefined && provenAt !== undefined) return Math.min(authTime, provenAt)
  // No claims: an app may have made up the identity, which is refused later.
  return authTime ?? provenAt ?? (typeof claims?.iat === 'number' ? claims.iat : undefined)
}
