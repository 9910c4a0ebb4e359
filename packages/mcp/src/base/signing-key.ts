import { ConfigurationError } from '@behalf/core'

/**
 * Checks the app's key. Returns a function that returns it, or a random key of this process.
 *
 * Draws the random key at its first use, since Workers give no random bytes while modules load.
 * @throws ConfigurationError The key is short, or a placeholder.
 */
export function signingKey(option: string, given: Uint8Array | undefined): () => Uint8Array<ArrayBuffer> {
  let key = given === undefined ? undefined : checked(option, given)
  return () => (key ??= crypto.getRandomValues(new Uint8Array(32)))
}

function checked(option: string, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const problem = problemOf(key)
  if (problem === undefined) return new Uint8Array(key)
  throw new ConfigurationError(
    option,
    `${problem}; give a Uint8Array of 32 random bytes or more, as randomBytes(32) makes`,
  )
}

function problemOf(key: unknown): string | undefined {
  if (!(key instanceof Uint8Array)) return `is ${key === null ? 'null' : `a ${typeof key}`}`
  if (key.length < 32) return `has ${key.length} bytes`
  return new Set(key).size > 1 ? undefined : 'repeats one byte, so any party could sign with it'
}
