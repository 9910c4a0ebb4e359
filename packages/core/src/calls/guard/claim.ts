import { type Claim, claimRun } from '../../consent/approvals/claim-run.ts'
import { startedRuns } from '../../consent/approvals/find-run.ts'
import type { Entry } from '../../consent/approvals/record.ts'
import type { AuthorizedCall, ReadyRun } from './call.ts'
import type { Passed } from './call-report.ts'
import { askedBy, entitlementNow } from './entitle.ts'
import type { Runs } from './guard-parts.ts'
import { type Refusal, revokedRefusal } from './refusal.ts'

/**
 * Claims the run last, so that no step between the claim and the body can fail. Decides the
 * entitlement again, because opening the credentials took time.
 */
export async function claim(
  call: AuthorizedCall,
  { entry, entitled }: ReadyRun,
  runs: Runs,
): Promise<Passed<{ readonly claim: Claim }> | Refusal> {
  const now = await entitlementNow(call, entry, runs)
  if ('status' in now) return now
  const { entitlement } = now
  if (entitlement.kind !== entitled.kind) {
    const detail = `the approval is no longer valid${entitlement.kind === 'ask' ? `: ${entitlement.why}` : ''}`
    return { status: 'unavailable', retryAfter: 1, detail }
  }
  const { policyVersion: _, ...caller } = askedBy(call)
  const claimed = await claimRun(runs.runStore, entry, { caller, isAnswered: entitled.kind === 'answered' })
  if (claimed === undefined) {
    return { status: 'unavailable', retryAfter: 1, detail: 'another caller runs the same call', underWay: true }
  }
  const late = await lateRefusal(call, claimed.entry, now.inDoubt, runs).catch((error: unknown) => {
    void claimed.release().catch(() => {})
    throw error
  })
  if (late === undefined) return { facts: { claim: claimed }, detail: 'this run is ours alone' }
  await claimed.release()
  return late
}

/**
 * Returns why the body may not start, by what is true after the claim. From then on, other calls see this run, and find
 * it under way (A13). A revocation does not end it, nor a run before it that others share (I11).
 */
async function lateRefusal(
  { identity }: AuthorizedCall,
  { record: { id, binding } }: Entry,
  known: readonly Entry[],
  { runStore, revocations, clock }: Runs,
): Promise<Refusal | undefined> {
  const { inDoubt } = await startedRuns(runStore, binding, id)
  if (inDoubt.some(({ record }) => !known.some((entry) => entry.record.id === record.id))) {
    return { status: 'unavailable', retryAfter: 1, detail: 'an equal run is in doubt' }
  }
  const revoked = await revocations.findNow(identity, clock.now())
  return revoked && revokedRefusal(revoked)
}
