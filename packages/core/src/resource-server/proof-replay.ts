import type { Store } from '../base/ports.ts'
import { sha256 } from '../base/values/index.ts'
import { Lease } from '../records/index.ts'

/**
 * Maximum time that a request may be under way, in seconds. The API may read a body between the checks of token and
 * proof and the use of their results. Used values are remembered longer than this, beyond their own expiry.
 */
const UNDER_WAY_SECONDS = 240

/** Returns whether a token expired so long ago that its use by another request may be forgotten. */
export function hasRunOut(expiresAt: number | undefined, now: number): boolean {
  return expiresAt !== undefined && now - expiresAt > UNDER_WAY_SECONDS
}

/**
 * Additional time for which a used proof is stored, in seconds. A process whose clock is behind accepts a proof for
 * longer: clocks may be 30 s off, in both directions.
 */
const MARGIN_SECONDS = UNDER_WAY_SECONDS + 60

export interface UsedProof {
  readonly thumbprint: string
  readonly jti: string
  /** Epoch seconds. */
  readonly issuedAt: number
}

export interface ProofTimes {
  readonly windowSeconds: number
  /** Epoch seconds. */
  readonly now: number
}

/** Returns whether a request was under way for so long that an earlier use of its proof may be forgotten. */
export function isTooLate({ issuedAt }: UsedProof, { windowSeconds, now }: ProofTimes): boolean {
  return now - issuedAt > windowSeconds + UNDER_WAY_SECONDS
}

/**
 * Returns whether a proof is used here for the first time, and marks it as used.
 *
 * Stores a hash while the proof could be used, and only for proofs with a valid token.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9449#section-11.1 | RFC 9449 §11.1}
 */
export async function isFirstUse(
  store: Store,
  { thumbprint, jti, issuedAt }: UsedProof,
  { windowSeconds, now }: ProofTimes,
): Promise<boolean> {
  const key = `proof:${await sha256(JSON.stringify([thumbprint, jti]))}`
  const expiresInSeconds = Math.ceil(issuedAt + windowSeconds - now) + MARGIN_SECONDS
  // Never released: the lease ends when the proof can no longer be used.
  return (await Lease.take(store, key, expiresInSeconds)) !== undefined
}
