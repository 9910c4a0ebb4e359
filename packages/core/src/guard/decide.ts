import type { Claim, StoredResult } from '../approvals/index.ts'
import type { Done, Invocation, Outcome, Policy, PreflightOutcome } from '../contract/index.ts'
import { checkAgain, checkCall } from './check-call.ts'
import type { Environment } from './environment.ts'
import { type OpenedAccess, openCached, openFetched } from './open-access.ts'
import { doneWith, type Ended, ended, noPolicy, noteEnd } from './outcome.ts'
import { definitionOf, type PolicyDefinition } from './policy-definition.ts'
import { Progress, versionPending } from './progress.ts'
import { type Body, claimBody, runBody } from './run-body.ts'
import { type Approved, settleApproval } from './settle-approval.ts'
import { awaitedStepUp, mayAwaitStepUp } from './step-up.ts'
import type { Stop } from './stop.ts'
import { stopOfError } from './stop-of-error.ts'
import { unknownOutcome } from './unknown-outcome.ts'

/** Steps 1 to 6: whether the call could run now. Consumes nothing, and opens no credential. */
export async function decide(
  policy: Policy | undefined,
  invocation: Invocation,
  environment: Environment,
): Promise<PreflightOutcome> {
  const definition = definitionOf(policy)
  if (definition === undefined) return noPolicy(invocation, 'preflight', environment)
  await versionPending(definition, environment)
  const progress = new Progress(invocation, definition, environment)
  invocation.signal?.throwIfAborted()
  let stop: Stop | undefined
  try {
    stop = await progress.bound(look(progress, environment))
  } catch (error) {
    stop = faulted(error, progress)
  } finally {
    progress.endDeadline()
  }
  if (stop !== undefined) {
    const outcome = ended(progress, stop, 'preflight', environment)
    progress.over()
    return outcome
  }
  noteEnd(progress, 'preflight', 'ready', environment)
  return { status: 'ready', trace: progress.trace() }
}

async function look(progress: Progress, environment: Environment): Promise<Stop | undefined> {
  const stop = (await checkCall(progress, environment)) ?? (await stepUpBefore(progress, 'preflight', environment))
  if (stop !== undefined || progress.definition.effect === 'read') return stop
  progress.at = 'approval'
  const approved = await settleApproval(progress, environment, 'preflight')
  return approved.status === 'stop' ? progress.stopped('approval', approved.stop) : undefined
}

/** What stands between a call and its body, all of it passed. */
interface Admitted {
  readonly access: OpenedAccess
  readonly claimed: Claim | undefined
}

type AdmittedOrNot = Admitted | Ended | Done<unknown>

/** All ten steps. Most calls wait for nothing before their body, and pay for no promise on the way. */
export function execute(
  policy: Policy | undefined,
  invocation: Invocation,
  body: Body,
  environment: Environment,
): Promise<Outcome<unknown>> {
  const definition = definitionOf(policy)
  if (definition === undefined) return Promise.resolve(noPolicy(invocation, 'run', environment))
  const pending = versionPending(definition, environment)
  return pending === undefined
    ? executeWhole(definition, invocation, body, environment)
    : pending.then(() => executeWhole(definition, invocation, body, environment))
}

function executeWhole(
  definition: PolicyDefinition,
  invocation: Invocation,
  body: Body,
  environment: Environment,
): Promise<Outcome<unknown>> {
  const progress = new Progress(invocation, definition, environment)
  const fail = async (error: unknown) => ended(progress, faulted(error, progress), 'run', environment)
  try {
    invocation.signal?.throwIfAborted()
    const admitted = admit(progress, environment)
    if (!(admitted instanceof Promise)) return enter(progress, body, admitted, environment)
    const failLate = (error: unknown) => {
      const failed = fail(error)
      abandon(progress, admitted)
      return failed
    }
    // Both at once: what the body throws is not a fault of ours.
    return progress.bound(admitted).then((passed) => enter(progress, body, passed, environment), failLate)
  } catch (error) {
    return fail(error)
  }
}

/** The call was answered before it was let through: what still comes is closed, given back, and not on record. */
function abandon(progress: Progress, admitted: Promise<AdmittedOrNot>): void {
  progress.endDeadline()
  progress.over()
  admitted.then(
    (late) => {
      if ('status' in late) return
      late.access.close()
      late.claimed?.giveBack().catch(() => {})
    },
    () => {},
  )
}

function enter(
  progress: Progress,
  body: Body,
  admitted: AdmittedOrNot,
  environment: Environment,
): Promise<Outcome<unknown>> {
  progress.endDeadline()
  if ('status' in admitted) return Promise.resolve(admitted)
  return runBody(progress, body, admitted.access, admitted.claimed, environment)
}

/** Steps 1 to 9. */
function admit(progress: Progress, environment: Environment): AdmittedOrNot | Promise<AdmittedOrNot> {
  const checking = checkCall(progress, environment)
  return checking instanceof Promise
    ? checking.then((stop) => admitChecked(progress, stop, environment))
    : admitChecked(progress, checking, environment)
}

function admitChecked(
  progress: Progress,
  stop: Stop | undefined,
  environment: Environment,
): AdmittedOrNot | Promise<AdmittedOrNot> {
  if (stop !== undefined) return ended(progress, stop, 'run', environment)
  const isQuick = progress.definition.effect === 'read' && !progress.suspended && !environment.auditor.required
  if (isQuick && !mayAwaitStepUp(progress, 'run', environment)) {
    progress.at = 'access'
    const access = openCached(progress, environment)
    if (access !== undefined) return { access, claimed: undefined }
  }
  return admitSlowly(progress, environment)
}

/** Steps 6 to 9, where something may have to be waited for. Whatever stops it, nothing that it opened stays open. */
async function admitSlowly(progress: Progress, environment: Environment): Promise<AdmittedOrNot> {
  const end = (stop: Stop) => ended(progress, stop, 'run', environment)
  progress.suspended = true
  const stepUp = await stepUpBefore(progress, 'run', environment)
  if (stepUp !== undefined) return end(stepUp)
  let approved: Approved = { status: 'ready', entry: undefined }
  if (progress.definition.effect === 'write') {
    progress.at = 'approval'
    approved = await settleApproval(progress, environment, 'run')
    if (approved.status === 'stop') return end(progress.stopped('approval', approved.stop))
    if (approved.status === 'replay') return replayed(progress, approved, environment)
  }
  progress.at = 'access'
  // What a person said yes to counts only where their yes is what entitles this call.
  const answered = approved.entry !== undefined && approved.entitled.kind === 'answered' ? approved.entry : undefined
  const access = openCached(progress, environment) ?? (await openFetched(progress, answered, environment))
  if ('status' in access) return end(progress.stopped('access', access))
  try {
    if (environment.auditor.required) await noteEnd(progress, 'run', 'ready', environment)
    const late = await checkAgain(progress, environment, approved.entry !== undefined)
    if (late !== undefined) return close(access, end(late))
    if (approved.entry === undefined) return { access, claimed: undefined }
    // A call that was answered meanwhile, or that nobody waits for, claims nothing.
    progress.signal.throwIfAborted()
    progress.at = 'claim'
    const claimed = await claimBody(progress, approved, environment)
    return 'status' in claimed ? close(access, end(progress.stopped('claim', claimed))) : { access, claimed }
  } catch (error) {
    access.close()
    throw error
  }
}

/** What an API asked for before is asked of the user before anything else is (E5). */
async function stepUpBefore(
  progress: Progress,
  phase: 'preflight' | 'run',
  environment: Environment,
): Promise<Stop | undefined> {
  if (!mayAwaitStepUp(progress, phase, environment)) return undefined
  progress.at = 'identity'
  const stop = await awaitedStepUp(progress, environment)
  return stop === undefined ? undefined : progress.stopped('identity', stop)
}

function close(access: OpenedAccess, outcome: Ended): Ended {
  access.close()
  return outcome
}

/** A run that has ended before: what it gave is told again, and nothing runs. */
async function replayed(
  progress: Progress,
  { entry, result }: Extract<Approved, { status: 'replay' }>,
  environment: Environment,
): Promise<Ended | Done<unknown>> {
  if (result.kind === 'not_storable') {
    const stop = await unknownOutcome(entry, 'it ran before, and its result could not be kept', environment)
    return ended(progress, progress.stopped('claim', stop), 'run', environment)
  }
  const began = new Date(entry.record.createdAt * 1000).toISOString()
  progress.passed('claim', `nothing ran: the result of a run that began at ${began} is told again`)
  noteEnd(progress, 'run', 'replayed', environment)
  return doneWith(progress, toldAgain(result))
}

const toldAgain = (result: Exclude<StoredResult, { kind: 'not_storable' }>): unknown =>
  result.kind === 'json' ? result.value : undefined

const faulted = (error: unknown, progress: Progress): Stop =>
  progress.stopped(progress.at, stopOfError(error, progress))
