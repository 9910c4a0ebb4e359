import { type Claim, claimRun } from '../approvals/claim-run.ts'
import { startedRuns } from '../approvals/find-run.ts'
import type { Entry } from '../approvals/record.ts'
import type { AuthorizedCall, ReadyRun } from './call.ts'
import type { Passed } from './call-report.ts'
import { askedBy, entitlementNow } from './entitle.ts'
import type { Runs } from './guard-parts.ts'
import type { Refusal } from './refusal.ts'

/**
 * Step 9: claims the run last, so that no step between the claim and the body can fail. Decides the
 * entitlement again, because opening the credentials took time.
 */
export async function claim(
  call: AuthorizedCall,
  { entry, entitled }: ReadyRun,
  runs: Runs,
): Promise<Passed<{ readonly claim: Claim }> | Refusal> {
  const now = await entitlementNow(call, entry, runs)
  if ('status' in now) return now
  if (now.entitlement.kind !== entitled.kind) {
    const detail = `the approval no longer holds${now.entitlement.kind === 'ask' ? `: ${now.entitlement.why}` : ''}`
    return { status: 'unavailable', retryAfter: 1, detail }
  }
  const { policyVersion: _, ...caller } = askedBy(call)
  const claimed = await claimRun(runs.runStore, entry, { caller, isAnswered: entitled.kind === 'answered' })
  if (claimed === undefined) {
    const detail = 'another caller is running the same call'
    return { status: 'unavailable', retryAfter: 1, detail, underWay: true }
  }
  if (await hasNewDoubt(claimed, now.inDoubt, runs)) {
    await claimed.release()
    return { status: 'unavailable', retryAfter: 1, detail: 'an equal run went in doubt meanwhile' }
  }
  return { facts: { claim: claimed }, detail: 'this run is ours alone' }
}

/**
 * Returns whether an equal run became in doubt between the last check and the claim. From now on, other calls see this
 * run (A13).
 */
async function hasNewDoubt(claimed: Claim, known: readonly Entry[], { runStore }: Runs): Promise<boolean> {
  const { id, binding } = claimed.entry.record
  try {
    const { inDoubt } = await startedRuns(runStore, binding, id)
    return inDoubt.some(({ record }) => !known.some((entry) => entry.record.id === record.id))
  } catch (error) {
    void claimed.release().catch(() => {})
    throw error
  }
}
