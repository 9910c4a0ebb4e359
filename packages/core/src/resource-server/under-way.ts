/**
 * How long a request may be under way: between the checks of its token and its proof and the use of what they give, the API
 * may read a body. What was used meanwhile is remembered for longer than this, beyond its own end.
 */
export const UNDER_WAY_SECONDS = 240

/** Whether a token ran out so long ago that its use by another request may be forgotten. */
export function hasRunOut(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && now - expiresAt > UNDER_WAY_SECONDS
}
