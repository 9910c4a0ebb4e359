import { ConfigurationError } from '@behalf/core'

/**
 * Returns the app's key, or a random key of this process. @throws ConfigurationError The key is short, or a
 * placeholder.
 */
export function signingKey(option: string, given: Uint8Array | undefined): Uint8Array<ArrayBuffer> {
  const key = given ?? crypto.getRandomValues(new Uint8Array(32))
  // A key that repeats one byte is a placeholder: any party could sign with it.
  if (!(key instanceof Uint8Array && key.length >= 32 && new Set(key).size > 1)) {
    throw new ConfigurationError(option, 'give a Uint8Array of 32 random bytes or more')
  }
  return new Uint8Array(key)
}
