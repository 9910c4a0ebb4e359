/**
 * Maximum time that a request may be under way, in seconds. The API may read a body between the checks of token and
 * proof and the use of their results. Used values are remembered longer than this, beyond their own expiry.
 */
export const UNDER_WAY_SECONDS = 240

/** Returns whether a token expired so long ago that its use by another request may be forgotten. */
export function hasRunOut(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && now - expiresAt > UNDER_WAY_SECONDS
}
