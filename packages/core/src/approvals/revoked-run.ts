import type { UserIdentity } from '../contract/index.ts'
import type { Revocations } from '../revocation/index.ts'
import type { RunRecord } from './record.ts'

/**
 * Whether each proof that a run was asked with was revoked since, by the names in the store now (I11).
 *
 * @param now - Epoch milliseconds.
 * @throws StoreError Nothing is known.
 */
export async function isRevokedRun(record: RunRecord, revocations: Revocations, now: number): Promise<boolean> {
  const found = await Promise.all(proofsOf(record).map((proof) => revocations.findNow(proof, now)))
  return found.length > 0 && found.every((revoked) => revoked !== undefined)
}

/** One for each session that shares the run. An agent by itself has no proof that could be revoked. */
function proofsOf({ owner, delegationId, sessionIds, provenAt }: RunRecord): readonly UserIdentity[] {
  const { subject, ...whose } = owner
  if (subject === undefined) return []
  const proof: UserIdentity = {
    kind: 'user',
    ...whose,
    subject,
    ...(delegationId !== undefined && { delegationId }),
    ...(provenAt !== undefined && { provenAt }),
    claims: {},
  }
  return sessionIds === undefined ? [proof] : sessionIds.map((sessionId) => ({ ...proof, sessionId }))
}
