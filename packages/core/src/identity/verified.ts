import type { Identity } from '../contract/index.ts'
import { deepFreeze, shared } from '../lib/index.ts'
import type { SubjectToken } from './subject-token.ts'

/** Marks an identity as made by a verification (I1). For the rooms that verify, and for nobody else. */
export function admit<Verified extends Identity>(identity: Verified, subjectToken?: SubjectToken): Verified {
  const frozen = deepFreeze(identity)
  shared.verified.set(frozen, subjectToken)
  return frozen
}

/** Whether a verification made this very object. Works across copies of the package. */
export function isVerified(identity: unknown): identity is Identity {
  return typeof identity === 'object' && identity !== null && shared.verified.has(identity)
}
