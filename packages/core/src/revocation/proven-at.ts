import type { UserIdentity } from '../contract/index.ts'

/**
 * Returns when the proof behind an identity was made, in epoch seconds: the login (`auth_time`), the proof that a
 * session or delegation keeps, or else the token itself (`iat`). `undefined` where nothing says it.
 */
export function provenAtOf({ authTime, provenAt, claims }: UserIdentity): number | undefined {
  // A delegation keeps the proof of its user, and the login behind its refresh token says another time: both count.
  if (authTime !== undefined && provenAt !== undefined) return Math.min(authTime, provenAt)
  return authTime ?? provenAt ?? (typeof claims.iat === 'number' ? claims.iat : undefined)
}
