import { LRUCache } from 'lru-cache'
import type { ProofKey } from './proof-key.ts'

/** Maximum number of APIs whose nonces are kept. A nonce that was evicted costs one more request. */
const MAX_ORIGINS = 100
/** RFC 9449 §8.1: `1*NQCHAR`. Longer ones would push the request over header limits. */
const nonceSyntax = /^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/

/**
 * Nonces, by key and by origin: a nonce of one API is never sent to another. Nonces of authorization servers are stored
 * elsewhere (RFC 9449 §8, §9).
 */
const byKey = new WeakMap<ProofKey, LRUCache<string, string>>()

/** The last nonce that an API gave for this key. */
export function resourceNonce(key: ProofKey, origin: string): string | undefined {
  return byKey.get(key)?.get(origin)
}

/**
 * Stores the nonce of an answer, whatever its status.
 * @param used - The nonce that the request carried. Requests at the same time use the same nonce, so the stored one
 *   does not tell whether the request had it.
 * @returns whether it differs from the nonce of the request
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-8.2 | RFC 9449 §8.2}
 */
export function keepResourceNonce(key: ProofKey, origin: string, headers: Headers, used: string | undefined): boolean {
  const nonce = headers.get('dpop-nonce')
  if (nonce === null || !nonceSyntax.test(nonce)) return false
  let nonces = byKey.get(key)
  if (nonces === undefined) {
    nonces = new LRUCache({ max: MAX_ORIGINS })
    byKey.set(key, nonces)
  }
  nonces.set(origin, nonce)
  return nonce !== used
}
