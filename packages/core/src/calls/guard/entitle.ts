import { ownerOf, type UserIdentity } from '../../base/contract/index.ts'
import { defined } from '../../base/values/index.ts'
import { type CalledBy, type Caller, isSameKind } from '../../consent/approvals/caller.ts'
import { askingClient } from '../../consent/approvals/channels-by-name.ts'
import { replaceQuestion, reportCrash } from '../../consent/approvals/end-run.ts'
import { type Demand, type Entitlement, entitlementOf } from '../../consent/approvals/entitlement.ts'
import { type StartedRuns, startedRuns } from '../../consent/approvals/find-run.ts'
import { type Entry, isStartable, isUnused, mayRunAgain, type RunRecord } from '../../consent/approvals/record.ts'
import { provenAtOf } from '../../consent/revocation/index.ts'
import { approverOf, buildApprovalRequest, channelName } from './build-approval-request.ts'
import { type AuthorizedCall, needsApproval, type ReadyRun } from './call.ts'
import { approvalCaseOf } from './grant-and-permit.ts'
import { channelOfRun, type Runs } from './guard-parts.ts'
import { deny, type Refusal, unknownOutcome } from './refusal.ts'

/** Time for which the guard refuses an equal call that needs no approval, while a run is in doubt. In seconds. */
const IN_DOUBT_SECONDS = 3600

/**
 * Time for which an approval is reserved for the caller, or the version of the policy, that requested it, in seconds:
 * both may poll in turn.
 */
const OTHERS_SECONDS = 30

const leftToOthers = ({ record }: Entry, isOthers: boolean | undefined, { runStore }: Runs): number =>
  isOthers && record.state === 'approved' ? (record.foundAt ?? 0) + OTHERS_SECONDS - runStore.now() : 0

/** Returns the ids of the linked accounts of a call, by the names of its credentials, if the vault names them. */
function accountsOf({ policy, cached }: AuthorizedCall): RunRecord['accounts'] {
  const known = policy.access.flatMap(([name], index) => {
    const account = cached?.[index]?.account
    return account === undefined ? [] : [[name, account] as const]
  })
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

/** Returns the demands of a call on its record now. Does no I/O. */
export function demandOf(call: AuthorizedCall, inDoubt: readonly Entry[], runs: Runs): Demand {
  const { revocations, runStore, clock } = runs
  const { approval } = call.policy.rules
  const asks = needsApproval(call)
  const approver = approval && asks ? approverOf(approval, call) : undefined
  const channel = approval === undefined ? '' : channelName(approval, runs)
  return {
    needsApproval: asks,
    approver,
    client: askingClient(runs.channels.get(channel), approver, runs.servers),
    channel,
    policyVersion: call.report.policyVersion ?? '',
    accounts: accountsOf(call),
    caller: call.identity,
    inDoubt: inDoubt.map(({ record }) => record.id),
    isRevokedSince: (approver, since) => revocations.isRevokedSince(approver, since, clock.now()),
    isRevoked: runStore.isRevoked,
  }
}

/**
 * Refuses a call that an equal run blocks. No other run starts while an equal run is under way, or its process died
 * less than a lease ago. While an equal run is in doubt, no run starts without an approval (A13).
 */
export async function blockedBy(
  call: AuthorizedCall,
  { inDoubt, running }: StartedRuns,
  runs: Runs,
): Promise<Refusal | undefined> {
  if (running.length > 0) {
    return {
      status: 'unavailable',
      retryAfter: 2,
      underWay: true,
      detail: 'an equal call is running under another slot',
    }
  }
  if (needsApproval(call) || inDoubt.length === 0) return undefined
  const { inDoubtSeconds = IN_DOUBT_SECONDS } = call.policy.rules
  const now = await runs.runStore.storeNow()
  const twin = inDoubt.find(({ record }) => now < (record.inDoubtSince ?? now) + inDoubtSeconds)
  if (twin === undefined) return undefined
  const detail = 'an equal run started before, and its outcome is unknown'
  // Only its own kind of caller gets its id and key, and may record its outcome (A12).
  if (!isSameKind(twin.record, call.identity)) return deny('unknown_outcome', detail)
  call.report.approvalId = twin.record.id
  return unknownOutcome(twin, detail, runs)
}

/**
 * Returns whether an approved run may start for this call, by the present state (A11). Changes nothing.
 * @param known - The equal runs that started, if they were read a moment ago. A claim reads them itself.
 */
export async function entitlementNow(
  call: AuthorizedCall,
  { record }: Entry,
  runs: Runs,
  known?: StartedRuns,
): Promise<{ readonly entitlement: Entitlement; readonly inDoubt: readonly Entry[] } | Refusal> {
  if (approvalCaseOf(call) !== call.grantable.approvalCase) {
    return { status: 'unavailable', retryAfter: 1, detail: 'approval.when changed its answer meanwhile' }
  }
  const { inDoubt, running } = known ?? (await startedRuns(runs.runStore, record.binding, record.id))
  const blocked = await blockedBy(call, { inDoubt, running: isStartable(record) ? running : [] }, runs)
  return blocked ?? { entitlement: await entitlementOf(record, demandOf(call, inDoubt, runs)), inDoubt }
}

/** Facts about a record for its comparison with the call. */
interface Known {
  /**
   * Whether a question that a person has received was polled just now. It is not replaced before that.
   * @default true
   */
  readonly isPolled?: boolean
  /** Equal runs that started, if they were read a moment ago. */
  readonly started?: StartedRuns | undefined
}

/**
 * Asks again if the question of the record, answered or not, is not the one that this call needs. If the run has
 * started, it is in doubt instead.
 * @returns the current entry, and whether a new question was asked.
 */
export async function askWhereNeeded(
  call: AuthorizedCall,
  entry: Entry,
  runs: Runs,
  { isPolled = true, started }: Known = {},
): Promise<{ readonly entry: Entry; readonly entitled: ReadyRun['entitled'] | undefined } | Refusal> {
  const { identity } = call
  const { runStore } = runs
  const isAgain = mayRunAgain(entry.record, await runStore.timeFor(entry.record))
  if (!isAgain && !isUnused(entry.record)) return { entry, entitled: undefined }
  const found = await entitlementNow(call, entry, runs, started)
  if ('status' in found) return found
  const { entitlement, inDoubt } = found
  const { onCrash } = call.policy.rules.approval ?? {}
  if (isAgain && (onCrash !== 'retry' || entitlement.kind === 'ask')) {
    const why = entitlement.kind === 'ask' ? entitlement.why : "onCrash is no longer 'retry'"
    const crashed = await reportCrash(runStore, entry)
    return unknownOutcome(crashed, `it started before, and may not start again: ${why}`, runs)
  }
  // If this call needs no question, its claim would drop the open one.
  if (entitlement.kind !== 'answered' && !mayReplace(entry.record, identity)) {
    return deny('not_permitted', "the slot's question is for another kind of caller")
  }
  if (entitlement.kind === 'open') return { entry, entitled: undefined }
  if (entitlement.kind !== 'ask') return { entry, entitled: entitlement }
  const left = leftToOthers(entry, entitlement.isOthers, runs)
  if (left > 0) {
    const detail = `the yes is another call's for ${OTHERS_SECONDS} s: ${entitlement.why}`
    return { status: 'unavailable', retryAfter: Math.ceil(left), detail }
  }
  const question = await buildApprovalRequest(call, entry.record, inDoubt, runs)
  if ('status' in question) return question
  const replaced = await replaceQuestion(runStore, entry, { ...askedBy(call), question }, isPolled)
  void replaced.tell(channelOfRun(entry, runs))
  return { entry: replaced.entry, entitled: undefined }
}

/**
 * Returns whether a caller may replace the question. A user, an agent that acts for them, and a job cannot take each
 * other's questions or approvals.
 */
function mayReplace(record: RunRecord, caller: Caller): boolean {
  const isUser = caller.actor === undefined && caller.delegationId === undefined
  return record.question === undefined || isUser || isSameKind(record, caller)
}

/** Returns the caller and the policy version under which a run is created or asked about. */
export function askedBy(call: AuthorizedCall): CalledBy & Pick<RunRecord, 'policyVersion'> {
  const { identity, checkedAt, report } = call
  const accounts = accountsOf(call)
  const { actor, delegationId, sessionId }: Partial<UserIdentity> = identity.kind === 'user' ? identity : {}
  const provenAt = identity.kind === 'user' ? provenAtOf(identity) : undefined
  return {
    policyVersion: report.policyVersion ?? '',
    owner: ownerOf(identity),
    ...defined({ actor, delegationId, sessionIds: sessionId === undefined ? undefined : [sessionId], accounts }),
    // The proof exists now, so its time is at most the present, whatever it claims.
    ...(provenAt !== undefined && { provenAt: Math.min(provenAt, checkedAt / 1000) }),
  }
}
