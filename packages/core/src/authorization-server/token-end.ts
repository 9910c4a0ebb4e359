/**
 * When a token ends, in epoch seconds: the earlier of what the answer says and what the token says, or
 * `undefined` where neither says anything.
 *
 * @param from - What `expiresIn` counts from, in epoch seconds.
 */
export function tokenEnd(from: number, expiresIn: number | undefined, exp: unknown): number | undefined {
  const ends = [expiresIn === undefined ? undefined : from + expiresIn, typeof exp === 'number' ? exp : undefined]
  const known = ends.filter((end) => end !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
