import { LRUCache } from 'lru-cache'
import type { Token } from './token.ts'

/** The request that a proof is for. */
export interface ProofRequest {
  /** HTTP method of the request. */
  readonly method: string
  /** Query and fragment are left out of the proof. */
  readonly url: string
  /** The token that the request carries; its hash becomes `ath`. Absent at a token endpoint. */
  readonly accessToken?: Token
  /** The server's last nonce. */
  readonly nonce?: string
}

/**
 * A key that proves possession with each request (DPoP).
 *
 * The private half never leaves the object: it only returns a signed proof.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-4.2 | RFC 9449 §4.2}
 */
export interface ProofKey {
  /** JWS algorithm of the proofs. */
  readonly algorithm: string
  /** SHA-256 thumbprint of the public key, base64url (RFC 7638). */
  readonly thumbprint: string
  /** True if the app gave the key: another process can have it too, so tokens bound to it may be stored. */
  readonly importable: boolean
  /** A fresh proof, in compact form. */
  proof(request: ProofRequest): Promise<string>
}

/** Maximum number of origins whose nonces are kept. A nonce that was evicted costs one more request. */
const MAX_ORIGINS = 100
/** RFC 9449 §8.1: `1*NQCHAR`. Longer ones would push the request over header limits. */
const nonceSyntax = /^[\x21\x23-\x5b\x5d-\x7e]{1,1024}$/

/** The last nonce of each origin. A nonce of one origin is never sent to another. */
export class DpopNonces {
  readonly #byOrigin = new LRUCache<string, string>({ max: MAX_ORIGINS })

  of(url: string): string | undefined {
    return this.#byOrigin.get(new URL(url).origin)
  }

  /**
   * Stores the nonce of an answer, whatever its status.
   * @param used - The nonce that the request carried. Requests at the same time use the same nonce, so the stored one
   *   does not tell whether the request had it.
   * @returns whether the answer has a nonce that differs from that of the request
   * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-8.2 | RFC 9449 §8.2}
   */
  adopt(url: string, { headers }: Response, used?: string): boolean {
    const nonce = headers.get('dpop-nonce')
    if (nonce === null || !nonceSyntax.test(nonce)) return false
    this.#byOrigin.set(new URL(url).origin, nonce)
    return nonce !== used
  }
}

const byKey = new WeakMap<ProofKey, DpopNonces>()

/** Returns the nonces of APIs for a key, apart from those of authorization servers (RFC 9449 §8, §9). */
export function resourceNonces(key: ProofKey): DpopNonces {
  const nonces = byKey.get(key) ?? new DpopNonces()
  byKey.set(key, nonces)
  return nonces
}
