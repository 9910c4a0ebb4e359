import { type Caller, isSameKind } from '../../runs/caller.ts'
import { type Claim, claimRun } from '../../runs/claim-run.ts'
import { type StartedRuns, startedRuns } from '../../runs/find-run.ts'
import type { Entry, RunRecord } from '../../runs/record.ts'
import type { PermittedCall, ReadyRun } from '../call/call.ts'
import type { Finding } from '../call/call-report.ts'
import { type Refusal, revokedRefusal, unavailable, underWay } from '../call/refusal.ts'
import type { Runs } from '../guard-parts.ts'
import { askedBy, entitlementNow } from './entitle.ts'

/**
 * Claims the run last, so that no step between the claim and the body can fail. Decides the
 * entitlement again, because opening the credentials took time.
 */
export async function claim(
  call: PermittedCall,
  { entry, entitled }: ReadyRun,
  runs: Runs,
): Promise<Finding<{ readonly claim: Claim }> | Refusal> {
  const now = await entitlementNow(call, entry, runs)
  if ('status' in now) return now
  const { entitlement } = now
  if (entitlement.kind !== entitled.kind) {
    const detail = `the approval is no longer valid${entitlement.kind === 'ask' ? `: ${entitlement.why}` : ''}`
    return unavailable(detail)
  }
  const caller = askedBy(call)
  // An equal run that this process claims at this moment is in no index yet.
  const here = [...runs.runStore.claims.values()].map(({ run }) => ({ record: run }))
  const ahead = here.filter(({ record }) => isEqual(record, entry.record, call.identity))
  if (ahead.length > 0) return underWay('an equal call is under way', 'other', ahead)
  const claimed = await claimRun(runs.runStore, entry, { caller, isAnswered: entitled.kind === 'answered' })
  if (claimed === undefined) return underWay('another caller runs it', 'own', [entry])
  const late = await lateRefusal(call, claimed.entry, now.started, runs).catch((error: unknown) => {
    void claimed.release().catch(() => {})
    throw error
  })
  if (late === undefined) return { facts: { claim: claimed }, detail: 'this run is ours alone' }
  await claimed.release()
  return late
}

const isEqual = (run: RunRecord, { id, binding }: RunRecord, caller: Caller): boolean =>
  run.id !== id && run.binding === binding && isSameKind(run, caller)

/**
 * Returns why the body may not start, by what is true after the claim. From then on, other calls see this run, and find
 * it under way (A13). A revocation does not end it, nor a run before it that others share (I11).
 */
async function lateRefusal(
  call: PermittedCall,
  { record: { id, binding } }: Entry,
  known: StartedRuns,
  runs: Runs,
): Promise<Refusal | undefined> {
  const { runStore, revocations, clock } = runs
  const { inDoubt, undelivered } = await startedRuns(runStore, binding, id)
  const before = [...known.inDoubt, ...known.undelivered].map(({ record }) => record.id)
  const late = [...inDoubt, ...undelivered].filter(({ record }) => !before.includes(record.id))
  if (late.length > 0) return underWay('an equal run is in doubt', 'other', late)
  const revoked = await revocations.findNow(call.identity, clock.now())
  return revoked && revokedRefusal(revoked)
}
