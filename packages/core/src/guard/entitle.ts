import {
  callerOf,
  type Demand,
  type Entitlement,
  type Entry,
  entitlementOf,
  misfitOf,
  ownerOf,
  type RunRecord,
  replaceQuestion,
  reportCrash,
  runsInDoubt,
} from '../approvals/index.ts'
import type { Identity } from '../contract/index.ts'
import { needsApproval } from './check-call.ts'
import { approverOf } from './draft-question.ts'
import type { Environment } from './environment.ts'
import { newQuestion } from './new-question.ts'
import type { Progress } from './progress.ts'
import type { Stop } from './stop.ts'
import { unknownOutcome } from './unknown-outcome.ts'

/** How long an equal call that needs no approval is refused while a run is in doubt. Seconds. */
const IN_DOUBT_SECONDS = 3600

/** What lets a body start. */
export type Entitled = Exclude<Entitlement, { readonly kind: 'ask' }>

/** What a call demands of its record now. Reads nothing. */
export function demandOf(
  progress: Progress,
  identity: Identity,
  inDoubt: readonly Entry[],
  { revocations }: Environment,
): Demand {
  const { approval } = progress.definition.rules
  return {
    needsApproval: progress.needsApproval,
    approver: approval && progress.needsApproval ? approverOf(approval, identity, progress.input) : undefined,
    policyVersion: progress.policyVersion ?? '',
    caller: callerOf(identity),
    inDoubt: inDoubt.map(({ record }) => record.id),
    isRevokedSince: (approver, since) => revocations.isRevokedSince(approver, since),
  }
}

/** While an equal run is in doubt, a call that needs no approval is not started (A13). */
export async function blockedBy(
  progress: Progress,
  inDoubt: readonly Entry[],
  environment: Environment,
): Promise<Stop | undefined> {
  if (progress.needsApproval) return undefined
  const { inDoubtSeconds = IN_DOUBT_SECONDS } = progress.definition.rules
  const now = environment.ledger.now()
  const twin = inDoubt.find(({ record }) => now < (record.inDoubtSince ?? now) + inDoubtSeconds)
  if (twin === undefined) return undefined
  // By this id an operator, or the owner, says what became of it.
  progress.approvalId = twin.record.id
  return unknownOutcome(twin, 'an equal run started before, and nobody knows what came of it', environment)
}

/** Whether an approved run may start for this call, from what is true now (A11). Changes nothing. */
export async function entitlementNow(
  progress: Progress,
  { record }: Entry,
  identity: Identity,
  environment: Environment,
): Promise<{ readonly entitlement: Entitlement; readonly inDoubt: readonly Entry[] } | Stop> {
  const needed = needsApproval(progress)
  if (needed !== progress.needsApproval) {
    const detail = 'approval.when changed its answer while the call was decided'
    return { status: 'unavailable', retryAfter: 1, detail }
  }
  const all = await runsInDoubt(environment.ledger, record.binding)
  const inDoubt = all.filter(({ record: { id } }) => id !== record.id)
  const blocked = await blockedBy(progress, inDoubt, environment)
  if (blocked !== undefined) return blocked
  const demand = demandOf(progress, identity, inDoubt, environment)
  if (record.state === 'approved') return { entitlement: await entitlementOf(record, demand), inDoubt }
  const why = demand.needsApproval ? misfitOf(record, demand) : undefined
  // What is asked already goes on to be asked.
  return { entitlement: why === undefined ? { kind: 'not_required' } : { kind: 'ask', why }, inDoubt }
}

/**
 * Asks anew where the record's question, answered or not, is not the one that this call needs. A run that has started
 * is in doubt instead.
 *
 * @returns the entry as it is now, and whether it was asked anew.
 */
export async function askWhereNeeded(
  progress: Progress,
  entry: Entry,
  identity: Identity,
  environment: Environment,
): Promise<{ readonly entry: Entry; readonly entitled: Entitled | undefined } | Stop> {
  const { state, runner } = entry.record
  if (state !== 'approved' && state !== 'requested' && state !== 'pending') return { entry, entitled: undefined }
  const found = await entitlementNow(progress, entry, identity, environment)
  if ('status' in found) return found
  const { entitlement, inDoubt } = found
  if (entitlement.kind !== 'ask') return { entry, entitled: entitlement }
  if (runner !== undefined) {
    const crashed = await reportCrash(environment.ledger, entry)
    return unknownOutcome(crashed, `it started before, and may not start again: ${entitlement.why}`, environment)
  }
  const question = await newQuestion(progress, entry.record.binding, inDoubt, environment)
  if ('status' in question) return question
  const asked = { ...askedBy(progress, identity), question }
  const replaced = await replaceQuestion(environment.ledger, entry, asked)
  const channel = environment.channels.get(entry.record.question?.channel ?? '')
  void replaced.tell({ channel, context: { authorizationServers: environment.servers, clock: environment.clock } })
  return { entry: replaced.entry, entitled: undefined }
}

/** By whom, and under which policy, a run is begun or asked about. */
export function askedBy(
  { policyVersion }: Progress,
  identity: Identity,
): Pick<RunRecord, 'policyVersion' | 'owner' | 'actor' | 'delegationId' | 'sessionId'> {
  const { clientId: _, ...caller } = callerOf(identity)
  const sessionId = identity.kind === 'user' ? identity.sessionId : undefined
  return {
    policyVersion: policyVersion ?? '',
    owner: ownerOf(identity),
    ...caller,
    ...(sessionId !== undefined && { sessionId }),
  }
}
