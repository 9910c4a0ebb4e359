import type { Identity } from '../contract/index.ts'
import { InvalidTokenError } from '../errors/index.ts'
import { deepFreeze, shared } from '../lib/index.ts'
import type { Proof } from './subject-token.ts'

/**
 * Marks an identity as made by a verification (I1). For the rooms that verify, and for nobody else.
 *
 * @throws InvalidTokenError `claims`: they are nested too deep for whoever walks through them later.
 */
export function admit<Verified extends Identity>(identity: Verified, proof?: Proof): Verified {
  if (!Object.values(identity).every((held) => deepFreeze(held, 1))) {
    throw new InvalidTokenError('claims', 'the claims are nested too deep')
  }
  shared.verified.set(identity, proof)
  return Object.freeze(identity)
}

/** Whether a verification made this very object. Works across copies of the package. */
export function isVerified(identity: unknown): identity is Identity {
  return shared.verified.has(identity)
}
