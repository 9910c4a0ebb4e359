import type { Completed, Json } from '../../base/contract/index.ts'
import { type Eventually, whenKnown } from '../../base/process/async.ts'
import { shownTime } from '../../base/values/index.ts'
import { isVerified } from '../../identity/verified.ts'
import type { RevokedProof } from '../../records/revocation/index.ts'
import { unheard } from '../../runs/claim-run.ts'
import { undelivered } from '../../runs/find-run.ts'
import type { StoredResult } from '../../runs/record.ts'
import { stateOf } from '../../runs/run-state.ts'
import type { ApprovedCall, Growing, IdentifiedCall, IncomingCall, ParsedCall, PermittedCall } from '../call/call.ts'
import type { Phase } from '../call/call-report.ts'
import { doneWith } from '../call/outcome.ts'
import { isRefusal, isUnderWay, type Refusal, revokedRefusal, unknownOutcome } from '../call/refusal.ts'
import { checkLinks } from '../credentials/check-links.ts'
import type { Callers, GuardParts } from '../guard-parts.ts'
import { versionOf } from '../tools/policy-definition.ts'
import { approve, type Replay } from './approve.ts'
import { callerScopesRefusal } from './caller-scopes.ts'
import { approvalCaseOf, checkPermissions, grant } from './grant-and-permit.ts'
import { identify } from './identify.ts'
import { parse, parseStored } from './parse.ts'
import { awaitedStepUp, mayAwaitStepUp } from './step-up.ts'

/*
 * The steps before the credentials, in the order of the pipeline. Each adds its finding to the call and to the trace.
 */

/** A permission that was checked longer ago than this is checked again before the body. Milliseconds. */
const STALE_AFTER_MS = 1_000

/** Parses before the wait for the version of the policy: the caller may change the input later. */
export function parsedCall(call: IncomingCall, guard: GuardParts): Eventually<ParsedCall | Refusal> {
  const { policy, report } = call
  const version = versionOf(policy, guard.auditor)
  if (!(version instanceof Promise)) {
    report.policyVersion = version
    return parsedInputs(call, guard)
  }
  const learned = version.then((known) => {
    report.policyVersion = known
  })
  const parsing = (async () => parsedInputs(call, guard))()
  return Promise.allSettled([parsing, learned]).then(() => parsing)
}

function parsedInputs(call: IncomingCall, guard: GuardParts): Eventually<ParsedCall | Refusal> {
  const { report } = call
  return whenKnown(parse(call, guard.maxInputBytes), (parsed) => {
    if (isRefusal(parsed)) return report.refused('input', parsed)
    const { input, rawInput } = report.took('input', parsed)
    const next = call as Growing<ParsedCall>
    next.input = input
    next.rawInput = rawInput
    return next
  })
}

/** Runs identify and authorize. Checks without I/O come first. A person is asked only after all of them. */
export function permit(call: ParsedCall, guard: GuardParts): Eventually<PermittedCall | Refusal> {
  call.report.at = 'identity'
  return whenKnown(findRevoked(call, guard, call.report.startedAt), (revoked) => authorizeKnown(call, guard, revoked))
}

/** Finds whether the proof was revoked. An unverified identity causes no read. */
function findRevoked(call: ParsedCall, { revocations }: Callers, now: number): Eventually<RevokedProof | undefined> {
  const { identity } = call.invocation
  if (!isVerified(identity)) return undefined
  // A write stores a run or a question that outlives the call: the names are read, whatever this process knows.
  return call.policy.effect === 'write' ? revocations.findNow(identity, now) : revocations.find(identity, now)
}

function authorizeKnown(
  parsed: ParsedCall,
  guard: GuardParts,
  revoked: RevokedProof | undefined,
): Eventually<PermittedCall | Refusal> {
  const { report, policy } = parsed
  const identity = identify(parsed.invocation, guard, report.startedAt, revoked)
  if (isRefusal(identity)) return report.refused('identity', identity)
  const identified = parsed as Growing<IdentifiedCall>
  identified.identity = report.took('identity', identity).identity
  identified.checkedAt = report.startedAt
  const lacking = callerScopesRefusal(identified)
  if (lacking) return report.refused('identity', lacking)
  report.at = 'approval'
  const approvalCase = approvalCaseOf(identified)
  report.at = 'roles'
  const granted = grant(identified, approvalCase, guard)
  if (isRefusal(granted)) return report.refused('roles', granted)
  const call = identified as Growing<PermittedCall>
  call.grantable = report.took('roles', granted).grantable
  if (policy.rules.permission === undefined) return connectedCall(call, guard, report.startedAt)
  report.at = 'permission'
  return checkPermissions(call, guard).then((permitted) => {
    if (isRefusal(permitted)) return report.refused('permission', permitted)
    call.checkedAt = report.took('permission', permitted).checkedAt
    return connectedCall(call, guard, guard.clock.now())
  })
}

function connectedCall(
  call: Growing<PermittedCall>,
  guard: GuardParts,
  now: number,
): Eventually<PermittedCall | Refusal> {
  const { report } = call
  report.at = 'connection'
  return whenKnown(checkLinks(call, guard, now), (found) => {
    if (isRefusal(found)) return report.refused('connection', found)
    call.cached = report.took('connection', found).cached
    return call
  })
}

/** Asks for a step-up first, then runs approve. A read has no run, so no person approves it. */
export async function approvedCall(
  call: PermittedCall,
  phase: Phase,
  guard: GuardParts,
): Promise<ApprovedCall | Replay | Refusal> {
  const { report } = call
  const stepUp = await stepUpBefore(call, phase, guard)
  if (stepUp) return stepUp
  if (call.policy.effect === 'read') return Object.assign(call, { run: undefined })
  report.at = 'approval'
  // Asks roles, permissions and the approval rule about the input that will run (A12).
  const reauthorize = async (input: Json) => {
    const stored = await parseStored(call, input, guard.maxInputBytes)
    if (isRefusal(stored)) return stored
    const again = await permit(Object.assign(call, report.took('input', stored)), guard)
    return isRefusal(again) ? again : undefined
  }
  const approved = await approve(call, guard, phase, reauthorize)
  if ('replay' in approved) {
    report.passed('approval', stateOf(approved.replay.entry.record))
    return approved
  }
  // Another call runs it: the pipeline may wait for that.
  if (isRefusal(approved)) return isUnderWay(approved) ? approved : report.refused('approval', approved)
  const waited = call.waited === true || approved.facts.waited
  return Object.assign(call, report.took('approval', approved), { waited })
}

/** Asks the user for a step-up that an API demanded, before any other question (E5). */
async function stepUpBefore(call: PermittedCall, phase: Phase, { stepUps }: GuardParts): Promise<Refusal | undefined> {
  if (!mayAwaitStepUp(call, phase, stepUps)) return undefined
  call.report.at = 'identity'
  const refusal = await awaitedStepUp(call, stepUps)
  return refusal && call.report.refused('identity', refusal)
}

/** Checks identity, roles and permissions again after a wait: a right may have ended during it. */
export async function recheck(call: PermittedCall, guard: GuardParts): Promise<Refusal | undefined> {
  const { report, invocation, grantable } = call
  const { clock } = guard
  const at = clock.now()
  report.at = 'again'
  // If the clock was set back, the time since the check is unknown.
  const isLate = call.waited === true || !(at >= call.checkedAt && at - call.checkedAt < STALE_AFTER_MS)
  if (isLate) {
    const identified = identify(invocation, guard, at, undefined)
    if (isRefusal(identified)) return report.refused('again', identified)
    report.took('identity', identified)
    const granted = grant(call, grantable.approvalCase, guard)
    if (isRefusal(granted)) return report.refused('again', granted)
    report.took('roles', granted)
    const permitted = await checkPermissions(call, guard)
    if (isRefusal(permitted)) return report.refused('again', permitted)
    report.took('permission', permitted)
  }
  // Last: access may have been revoked during the other checks (I9).
  const revoked = await findRevoked(call, guard, clock.now())
  if (revoked) return report.refused('again', revokedRefusal(revoked))
  if (isLate) report.passed('again', 'checked again')
  return undefined
}

/** Returns the result of a run that has ended. Nothing runs. */
export async function replayed(
  call: IncomingCall,
  { replay: { entry, result } }: Replay,
  guard: GuardParts,
): Promise<Refusal | Completed<unknown>> {
  const { report, acts, deadline } = call
  const { runStore } = guard
  if (result.kind === 'not_storable') {
    return report.refused('claim', await unknownOutcome(entry, 'it ran before, and its result is not stored', guard))
  }
  const { createdAt, attempt } = entry.record
  const ranAt = attempt?.startedAt ?? createdAt
  const { signal } = deadline
  if (attempt?.undeliveredSince !== undefined && !signal.aborted) {
    await runStore.update(entry, (record) => undelivered(record, undefined))
    // The caller may have left during the write.
    await acts.hear(!signal.aborted, [() => unheard(runStore, entry.record)])
  }
  report.passed('claim', `nothing ran: the result of a run at ${shownTime(ranAt)}`)
  report.recordEnd('run', 'replayed')
  return { ...doneWith(call, toldAgain(result)), replayed: true, ranAt }
}

const toldAgain = (result: Exclude<StoredResult, { kind: 'not_storable' }>): unknown =>
  result.kind === 'json' ? result.value : undefined
