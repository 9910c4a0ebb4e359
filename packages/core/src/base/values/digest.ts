import * as base64url from 'jose/base64url'

const encoder = new TextEncoder()

/** SHA-256 of a text, base64url. */
export async function sha256(text: string): Promise<string> {
  return base64url.encode(new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text))))
}

/** 256 random bits. */
export const randomKey = (): Uint8Array => crypto.getRandomValues(new Uint8Array(32))

/** 256 random bits, base64url: a state, a nonce, a code verifier (RFC 7636 §4.1). */
export const randomSecret = (): string => base64url.encode(randomKey())

/** A keyed hash: without the key, it reveals nothing about `text`. */
export type KeyedHash = (text: string) => Promise<string>

/**
 * HMAC-SHA-256 under `secret` (32 bytes), base64url.
 * @param secret - Default: random, drawn at the first hash. Workers give no random bytes while modules load.
 */
export function keyedHash(secret?: Uint8Array): KeyedHash {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  let key: Promise<CryptoKey> | undefined
  return async (text) => {
    key ??= crypto.subtle.importKey('raw', (secret ?? randomKey()) as BufferSource, algorithm, false, ['sign'])
    return base64url.encode(new Uint8Array(await crypto.subtle.sign('HMAC', await key, encoder.encode(text))))
  }
}

/**
 * Compares two secrets in a time that does not depend on where they differ. Hashes both first, so that their lengths
 * stay hidden too.
 */
export async function equalSecrets(left: string, right: string): Promise<boolean> {
  const hash = keyedHash()
  const [a, b] = await Promise.all([hash(left), hash(right)])
  let difference = 0
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}
