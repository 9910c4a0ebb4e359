/**
 * Returns the names that what `write` stores has in the clear. A sealed text may have a short one by chance, and does not
 * have it each time.
 */
export async function inTheClear(write: () => Promise<string>, names: readonly string[]): Promise<readonly string[]> {
  const stored = [await write(), await write(), await write()]
  return names.filter((name) => stored.every((text) => text.includes(name)))
}
