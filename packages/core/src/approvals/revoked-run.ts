import type { UserIdentity } from '../contract/index.ts'
import type { Revocations } from '../revocation/index.ts'
import type { RunRecord } from './record.ts'

/**
 * Whether the proof that a run was asked with was revoked since, by the names in the store now (I11).
 *
 * @param now - Epoch milliseconds.
 * @throws StoreError Nothing is known.
 */
export async function isRevokedRun(record: RunRecord, revocations: Revocations, now: number): Promise<boolean> {
  const proof = proofOf(record)
  return proof !== undefined && (await revocations.findNow(proof, now)) !== undefined
}

/** As the call had it that asked. An agent by itself has no proof that could be revoked. */
function proofOf({ owner, delegationId, sessionId, provenAt }: RunRecord): UserIdentity | undefined {
  const { subject, ...whose } = owner
  if (subject === undefined) return undefined
  return {
    kind: 'user',
    ...whose,
    subject,
    ...(delegationId !== undefined && { delegationId }),
    ...(sessionId !== undefined && { sessionId }),
    ...(provenAt !== undefined && { provenAt }),
    claims: {},
  }
}
