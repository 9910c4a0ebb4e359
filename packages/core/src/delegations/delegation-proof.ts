import type { UserIdentity } from '../base/contract/index.ts'
import type { PresenceContext } from '../identity/present-user.ts'
import { admit } from '../identity/verified.ts'
import type { DelegationRecord } from './delegation-record.ts'

/** Lifetime of an identity without a token: the length of a job. In seconds. */
const TOKENLESS_SECONDS = 3600

/** Returns an identity without a token, for the length of a job. */
export function tokenless(record: DelegationRecord, now: number): UserIdentity {
  return admit({ ...proofOf(record), expiresAt: Math.min(record.expiresAt, now + TOKENLESS_SECONDS) })
}

/** The user of a delegation, as of its creation. Has no roles: those that the user has now are unknown. */
function proofOf({ owner, id, sessionId, provenAt }: DelegationRecord): UserIdentity {
  return {
    kind: 'user',
    ...owner,
    ...(sessionId !== undefined && { sessionId }),
    delegationId: id,
    provenAt,
    claims: { iat: provenAt },
  }
}

/**
 * Returns whether the user, the session or the delegation was revoked after the user agreed, by the names in the store
 * now.
 */
export async function isRevoked(record: DelegationRecord, { revocations, clock }: PresenceContext): Promise<boolean> {
  return (await revocations.findNow(proofOf(record), clock.now())) !== undefined
}
