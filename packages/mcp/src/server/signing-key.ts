import { ConfigurationError } from '@behalf/core'

/** A key of the app, or a random one of this process. @throws ConfigurationError It is short, or a placeholder. */
export function signingKey(option: string, given: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const key = given ?? crypto.getRandomValues(new Uint8Array(32))
  // One byte over and over is a placeholder that was left in: anybody could sign with it.
  if (!(key instanceof Uint8Array && key.length >= 32 && new Set(key).size > 1)) {
    throw new ConfigurationError(option, 'give 32 random bytes or more')
  }
  return new Uint8Array(key)
}
