/** How long before its end a token is no longer given out, seconds. */
export const SKEW_SECONDS = 30

/**
 * How long before its end a token is no longer given out, milliseconds: one that lives for a minute only would never
 * be used with half a minute's skew.
 *
 * @param life - From when it was kept to its end, milliseconds.
 */
export function skewOf(life: number, mostMs: number): number {
  return Math.min(mostMs, life / 4)
}
