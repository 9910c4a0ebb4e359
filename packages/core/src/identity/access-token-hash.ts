import * as base64url from 'jose/base64url'

const encoder = new TextEncoder()

/**
 * Returns the `at_hash` of an access token: the left half of its hash, by the hash algorithm of the id_token's
 * signature.
 *
 * Returns `undefined` for an algorithm without a defined hash.
 * @see {@link https://openid.net/specs/openid-connect-core-1_0.html#CodeIDToken | OpenID Connect Core §3.1.3.6}
 */
export async function accessTokenHash(accessToken: string, algorithm: string): Promise<string | undefined> {
  const hash = hashOf(algorithm)
  if (hash === undefined) return undefined
  const digest = new Uint8Array(await crypto.subtle.digest(hash, encoder.encode(accessToken)))
  return base64url.encode(digest.subarray(0, digest.length / 2))
}

function hashOf(algorithm: string): string | undefined {
  const bits = /^[RPE]S(256|384|512)$/.exec(algorithm)?.[1]
  if (bits !== undefined) return `SHA-${bits}`
  // Ed25519 signs with SHA-512 inside (RFC 8032 §5.1).
  return algorithm === 'EdDSA' || algorithm === 'Ed25519' ? 'SHA-512' : undefined
}
