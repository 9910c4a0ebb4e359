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
