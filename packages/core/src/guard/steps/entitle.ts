import { isSamePrincipal, ownerOf, type UserIdentity } from '../../base/contract/index.ts'
import { equalJson } from '../../base/values/index.ts'
import { provenAtOf } from '../../records/revocation/index.ts'
import { type Caller, isSameKind } from '../../runs/caller.ts'
import { askingClient } from '../../runs/channels/channels-by-name.ts'
import { replaceQuestion, reportCrash } from '../../runs/end-run.ts'
import { type Demand, type Entitlement, entitlementOf } from '../../runs/entitlement.ts'
import { type StartedRuns, startedRuns } from '../../runs/find-run.ts'
import type { CalledBy, Entry, RunRecord } from '../../runs/record.ts'
import {
  approvalOf,
  doubtSince,
  isStartable,
  isUnused,
  mayRunAgain,
  stateOf,
  triesOf,
  tryOf,
  undeliveredSince,
} from '../../runs/run-state.ts'
import { needsApproval, type PermittedCall, type ReadyRun } from '../call/call.ts'
import { deny, type Refusal, unavailable, underWay, unknownOutcome } from '../call/refusal.ts'
import { channelOfRun, type Runs } from '../guard-parts.ts'
import { approverOf, channelName } from './approver.ts'
import { buildApprovalRequest } from './build-approval-request.ts'
import { approvalCaseOf } from './grant-and-permit.ts'

/** Time for which the guard refuses an equal call that needs no approval, while a run is in doubt. In seconds. */
const IN_DOUBT_SECONDS = 3600

/**
 * Time for which an approval is reserved for the caller, or the version of the policy, that requested it, in seconds:
 * both may poll in turn.
 */
const OTHERS_SECONDS = 30

const leftToOthers = ({ record }: Entry, isOthers: boolean | undefined, { runStore }: Runs): number =>
  isOthers && stateOf(record) === 'approved' ? (approvalOf(record)?.foundAt ?? 0) + OTHERS_SECONDS - runStore.now() : 0

/** Returns the ids of the linked accounts of a call, by the names of its credentials, if the vault names them. */
function accountsOf({ policy, cached }: PermittedCall): CalledBy['accounts'] {
  const known = policy.access.flatMap(([name], index) => {
    const account = cached?.[index]?.account
    return account === undefined ? [] : [[name, account] as const]
  })
  return known.length === 0 ? undefined : Object.fromEntries(known)
}

/**
 * Returns the equal runs of which a question must tell its approver: those in doubt, and those whose result was not
 * seen, if this call may not have it. The word of an owner that their run did not run counts for the owner only.
 */
export function runsToTell(call: PermittedCall, { inDoubt, undelivered }: StartedRuns): readonly Entry[] {
  const { approval } = call.policy.rules
  if (approval === undefined || !needsApproval(call)) return []
  const isOwnAnswer = isSamePrincipal(approverOf(approval, call), ownerOf(call.identity))
  const doubtful = inDoubt.filter(({ record }) => stateOf(record) === 'crashed' || !isOwnAnswer)
  return approval.perCall === true ? [...doubtful, ...undelivered.filter(isOf(call))] : doubtful
}

/** Runs of the same kind of caller. Others are neither told nor waited for (A12). */
const isOf =
  ({ identity }: PermittedCall) =>
  ({ record }: Entry): boolean =>
    isSameKind(record, identity)

/** Returns the demands of a call on its record now. Does no I/O. */
export function demandOf(call: PermittedCall, toTell: readonly Entry[], runs: Runs): Demand {
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
    toTell: toTell.map(tryOf),
    isRevokedSince: (approver, since) => revocations.isRevokedSince(approver, since, clock.now()),
    isRevoked: runStore.isRevoked,
  }
}

/**
 * Refuses a call that an equal run blocks: one that runs, one whose result this call has to get, and, where no approval
 * is needed, one in doubt (A13).
 */
export async function blockedBy(call: PermittedCall, started: StartedRuns, runs: Runs): Promise<Refusal | undefined> {
  const { running, inDoubt, undelivered } = started
  if (running.length + inDoubt.length + undelivered.length === 0) return undefined
  const now = await runs.runStore.storeNow()
  const ahead = [...running.filter(isOf(call)), ...joinable(call, started, now)]
  if (ahead.length > 0) return underWay('an equal call is under way', 'other', ahead)
  if (needsApproval(call)) return undefined
  const since = inDoubtSince(call, now)
  const twin = inDoubt.find(({ record }) => stateOf(record) === 'crashed' && (doubtSince(record) ?? now) > since)
  if (twin === undefined) return undefined
  const detail = 'an equal run is in doubt'
  // Only its own kind of caller gets its id and key, and may record its outcome (A12).
  if (!isSameKind(twin.record, call.identity)) return deny('unknown_outcome', detail)
  call.report.approvalId = twin.record.id
  return unknownOutcome(twin, detail, runs)
}

const inDoubtSince = ({ policy }: PermittedCall, now: number): number =>
  now - (policy.rules.inDoubtSeconds ?? IN_DOUBT_SECONDS)

/**
 * Returns the equal runs whose result no caller got, and which this call gets in place of a run of its own: of the same
 * kind of caller, with the same accounts.
 */
export function joinable(call: PermittedCall, { undelivered }: StartedRuns, now: number): readonly Entry[] {
  if (call.policy.rules.approval?.perCall === true && needsApproval(call)) return []
  const since = inDoubtSince(call, now)
  const accounts = accountsOf(call) ?? {}
  return undelivered
    .filter(isOf(call))
    .filter(({ record }) => (undeliveredSince(record) ?? 0) > since)
    .filter(({ record }) => equalJson(record.by.accounts ?? {}, accounts))
}

/** Returns whether a call may get an undelivered result in place of its own run. A yes that was given is used. */
export const mayJoin = (record: RunRecord): boolean =>
  isUnused(record) && triesOf(record) === 0 && approvalOf(record) === undefined

/** Whether a run may start now, what its question must tell, and the equal runs that were read for it. */
interface EntitledNow {
  readonly entitlement: Entitlement
  readonly toTell: readonly Entry[]
  readonly started: StartedRuns
}

/**
 * Returns whether an approved run may start for this call, by the present state (A11). Changes nothing.
 * @param known - The equal runs that started, if they were read a moment ago. A claim reads them itself.
 */
export async function entitlementNow(
  call: PermittedCall,
  entry: Entry,
  runs: Runs,
  known?: StartedRuns,
): Promise<EntitledNow | Refusal> {
  const { record } = entry
  if (approvalCaseOf(call) !== call.grantable.approvalCase) {
    return unavailable('approval.when changed its answer meanwhile')
  }
  const started = known ?? (await startedRuns(runs.runStore, record.binding, record.id))
  // A run that waits for its person keeps its question. One that was tried or approved goes on.
  const running = isStartable(record) ? started.running : []
  const undelivered = isStartable(record) && mayJoin(record) ? started.undelivered : []
  const blocked = await blockedBy(call, { ...started, running, undelivered }, runs)
  if (blocked) return blocked
  // Its own doubt, which only its owner denied, is told too.
  const own = stateOf(record) !== 'crashed' && doubtSince(record) !== undefined ? [entry] : []
  const toTell = runsToTell(call, { ...started, inDoubt: [...started.inDoubt, ...own] })
  return { entitlement: await entitlementOf(record, demandOf(call, toTell, runs)), toTell, started }
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
  call: PermittedCall,
  entry: Entry,
  runs: Runs,
  { isPolled = true, started }: Known = {},
): Promise<{ readonly entry: Entry; readonly entitled: ReadyRun['entitled'] | undefined } | Refusal> {
  const { identity } = call
  const { runStore } = runs
  const isAgain = mayRunAgain(entry.record, await runStore.timeFor(entry.record))
  if (!isAgain && !isUnused(entry.record)) return { entry, entitled: undefined }
  // If this call needs no question, its claim would drop the open one.
  const foreign = foreignQuestion(entry.record, identity)
  if (foreign !== undefined) return foreign
  const found = await entitlementNow(call, entry, runs, started)
  if ('status' in found) return found
  const { entitlement, toTell } = found
  const { onCrash } = call.policy.rules.approval ?? {}
  if (isAgain && (onCrash !== 'retry' || entitlement.kind === 'ask')) {
    const why = entitlement.kind === 'ask' ? entitlement.why : "onCrash is no longer 'retry'"
    const crashed = await reportCrash(runStore, entry)
    return unknownOutcome(crashed, `it started before, and may not start again: ${why}`, runs)
  }
  if (entitlement.kind === 'open') return { entry, entitled: undefined }
  if (entitlement.kind !== 'ask') return { entry, entitled: entitlement }
  const left = leftToOthers(entry, entitlement.isOthers, runs)
  if (left > 0) {
    return unavailable(`the yes is another call's for ${OTHERS_SECONDS} s: ${entitlement.why}`, Math.ceil(left))
  }
  const question = await buildApprovalRequest(call, entry.record, toTell, runs)
  if ('status' in question) return question
  const replaced = await replaceQuestion(runStore, entry, { by: askedBy(call), question }, isPolled)
  void replaced.tell(channelOfRun(entry, runs))
  return { entry: replaced.entry, entitled: undefined }
}

/** Refuses an agent or a job that would replace a question of the user, or of another one. A user may replace each. */
export function foreignQuestion(record: RunRecord, caller: Caller): Refusal | undefined {
  const isUser = caller.actor === undefined && caller.delegationId === undefined
  if (record.question === undefined || isUser || isSameKind(record, caller)) return undefined
  return deny('not_permitted', "the slot's question is for another kind of caller")
}

/** Returns the caller for whom a run is created or asked about. */
export function askedBy(call: PermittedCall): CalledBy {
  const { identity, checkedAt } = call
  const accounts = accountsOf(call)
  const { actor, delegationId, sessionId }: Partial<UserIdentity> = identity.kind === 'user' ? identity : {}
  const provenAt = identity.kind === 'user' ? provenAtOf(identity) : undefined
  return {
    owner: ownerOf(identity),
    actor,
    delegationId,
    sessionIds: sessionId === undefined ? undefined : [sessionId],
    accounts,
    // The proof exists now, so its time is at most the present, whatever it claims.
    provenAt: provenAt && Math.min(provenAt, checkedAt / 1000),
  }
}
