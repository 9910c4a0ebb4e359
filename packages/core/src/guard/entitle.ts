import {
  type CalledBy,
  type Caller,
  callerOf,
  type Demand,
  type Entitlement,
  type Entry,
  entitlementOf,
  isSameKind,
  isUnused,
  mayRunAgain,
  misfitOf,
  ownerOf,
  type RunRecord,
  replaceQuestion,
  reportCrash,
  type StartedRuns,
  startedRuns,
} from '../approvals/index.ts'
import type { Identity } from '../contract/index.ts'
import { provenAtOf } from '../revocation/index.ts'
import { needsApproval } from './check-call.ts'
import { approverOf, channelName } from './draft-question.ts'
import type { Environment } from './environment.ts'
import { newQuestion } from './new-question.ts'
import type { Progress } from './progress.ts'
import { deny, type Stop } from './stop.ts'
import { unknownOutcome } from './unknown-outcome.ts'

/** How long an equal call that needs no approval is refused while a run is in doubt. Seconds. */
const IN_DOUBT_SECONDS = 3600

/** A yes is left so long to the caller, or the version of the policy, that it was asked for: both may poll in turn. */
const OTHERS_SECONDS = 30

const leftToOthers = ({ record }: Entry, isOthers: boolean | undefined, { ledger }: Environment): number =>
  isOthers === true && record.state === 'approved' ? (record.foundAt ?? 0) + OTHERS_SECONDS - ledger.now() : 0

/** What lets a body start. */
export type Entitled = Exclude<Entitlement, { readonly kind: 'ask' }>

/** What a call demands of its record now. Reads nothing. */
export function demandOf(
  progress: Progress,
  identity: Identity,
  inDoubt: readonly Entry[],
  environment: Environment,
): Demand {
  const { revocations, ledger, clock } = environment
  const { approval } = progress.definition.rules
  return {
    needsApproval: progress.needsApproval,
    approver: approval && progress.needsApproval ? approverOf(approval, identity, progress.input) : undefined,
    channel: approval === undefined ? '' : channelName(approval, environment),
    policyVersion: progress.policyVersion ?? '',
    caller: callerOf(identity),
    inDoubt: inDoubt.map(({ record }) => record.id),
    isRevokedSince: (approver, since) => revocations.isRevokedSince(approver, since, clock.now()),
    isRevoked: ledger.isRevoked,
  }
}

/**
 * While an equal run is under way, or its process died less than a lease ago, no other one is started. While one is in
 * doubt, none that needs no approval is (A13).
 */
export async function blockedBy(
  progress: Progress,
  { inDoubt, running }: StartedRuns,
  environment: Environment,
): Promise<Stop | undefined> {
  if (running.length > 0) {
    return {
      status: 'unavailable',
      retryAfter: 2,
      underWay: true,
      detail: 'an equal call is running under another slot',
    }
  }
  if (progress.needsApproval) return undefined
  const { inDoubtSeconds = IN_DOUBT_SECONDS } = progress.definition.rules
  const now = environment.ledger.now()
  const twin = inDoubt.find(({ record }) => now < (record.inDoubtSince ?? now) + inDoubtSeconds)
  if (twin === undefined) return undefined
  const detail = 'an equal run started before, and nobody knows what came of it'
  // Its id and key are for its own kind of caller, which may say what became of it (A12).
  const { identity } = progress
  if (identity === undefined || !isSameKind(twin.record, callerOf(identity))) return deny('unknown_outcome', detail)
  progress.approvalId = twin.record.id
  return unknownOutcome(twin, detail, environment)
}

/**
 * Whether an approved run may start for this call, from what is true now (A11). Changes nothing.
 *
 * @param known - The equal runs that started, where they were read a moment ago. A claim reads them itself.
 */
export async function entitlementNow(
  progress: Progress,
  { record }: Entry,
  identity: Identity,
  environment: Environment,
  known?: StartedRuns,
): Promise<{ readonly entitlement: Entitlement; readonly inDoubt: readonly Entry[] } | Stop> {
  const needed = needsApproval(progress)
  if (needed !== progress.needsApproval) {
    const detail = 'approval.when changed its answer while the call was decided'
    return { status: 'unavailable', retryAfter: 1, detail }
  }
  const { inDoubt, running } = known ?? (await startedRuns(environment.ledger, record.binding, record.id))
  const mayStart = record.state === 'approved' || record.state === 'crashed'
  const blocked = await blockedBy(progress, { inDoubt, running: mayStart ? running : [] }, environment)
  if (blocked !== undefined) return blocked
  const demand = demandOf(progress, identity, inDoubt, environment)
  if (mayStart) return { entitlement: await entitlementOf(record, demand), inDoubt }
  const why = demand.needsApproval ? misfitOf(record, demand) : undefined
  // What is asked already goes on to be asked.
  return { entitlement: why === undefined ? { kind: 'not_required' } : { kind: 'ask', why }, inDoubt }
}

/**
 * Asks anew where the record's question, answered or not, is not the one that this call needs. A run that has started
 * is in doubt instead.
 *
 * @param isPolled - Whether a question that is with a person was polled just now: before that it is not replaced.
 * @returns the entry as it is now, and whether it was asked anew.
 */
export async function askWhereNeeded(
  progress: Progress,
  entry: Entry,
  identity: Identity,
  environment: Environment,
  isPolled = true,
): Promise<{ readonly entry: Entry; readonly entitled: Entitled | undefined } | Stop> {
  const isAgain = mayRunAgain(entry.record, environment.ledger.now())
  if (!isAgain && !isUnused(entry.record)) return { entry, entitled: undefined }
  const known = progress.startedBefore
  progress.startedBefore = undefined
  const found = await entitlementNow(progress, entry, identity, environment, known)
  if ('status' in found) return found
  const { entitlement, inDoubt } = found
  const { onCrash } = progress.definition.rules.approval ?? {}
  if (isAgain && (onCrash !== 'retry' || entitlement.kind === 'ask')) {
    const why = entitlement.kind === 'ask' ? entitlement.why : 'the policy says so no more'
    const crashed = await reportCrash(environment.ledger, entry)
    return unknownOutcome(crashed, `it started before, and may not start again: ${why}`, environment)
  }
  // Where this call needs no question, its claim would drop the one that is there.
  if (entitlement.kind !== 'answered' && !mayReplace(entry.record, callerOf(identity))) {
    return deny(
      'not_permitted',
      'another kind of caller was asked for in this slot: only they, or their user, ask anew',
    )
  }
  if (entitlement.kind !== 'ask') return { entry, entitled: entitlement }
  const left = leftToOthers(entry, entitlement.isOthers, environment)
  if (left > 0) {
    const detail = `a yes was just given to somebody else: ${entitlement.why}; it is left to them for ${OTHERS_SECONDS} s`
    return { status: 'unavailable', retryAfter: Math.ceil(left), detail }
  }
  const question = await newQuestion(progress, entry.record, inDoubt, environment)
  if ('status' in question) return question
  const asked = { ...askedBy(progress, identity), question }
  const replaced = await replaceQuestion(environment.ledger, entry, asked, isPolled)
  const channel = environment.channels.get(entry.record.question?.channel ?? '')
  void replaced.tell({ channel, context: { authorizationServers: environment.servers, clock: environment.clock } })
  return { entry: replaced.entry, entitled: undefined }
}

/** An agent that acts for a user, and a job, take no question, and no yes, from their user or from each other. */
function mayReplace(record: RunRecord, caller: Caller): boolean {
  const isUser = caller.actor === undefined && caller.delegationId === undefined
  return record.question === undefined || isUser || isSameKind(record, caller)
}

/** By whom, and under which policy, a run is begun or asked about. */
export function askedBy(
  { policyVersion, checkedAt }: Progress,
  identity: Identity,
): CalledBy & Pick<RunRecord, 'policyVersion'> {
  const { clientId: _, ...caller } = callerOf(identity)
  const sessionId = identity.kind === 'user' ? identity.sessionId : undefined
  const provenAt = identity.kind === 'user' ? provenAtOf(identity) : undefined
  return {
    policyVersion: policyVersion ?? '',
    owner: ownerOf(identity),
    ...caller,
    ...(sessionId !== undefined && { sessionIds: [sessionId] }),
    // The proof is here: it was not made later, whatever it says.
    ...(provenAt !== undefined && { provenAt: Math.min(provenAt, checkedAt / 1000) }),
  }
}
