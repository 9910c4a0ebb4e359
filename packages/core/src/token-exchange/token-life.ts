/**
 * Returns the time before a token expires at which it is no longer used, in milliseconds. With a fixed half minute, a
 * token that lives for a minute only would never be used.
 * @param life - From when it was kept to its end, milliseconds.
 */
export function skewOf(life: number, mostMs: number): number {
  return Math.min(mostMs, life / 4)
}
