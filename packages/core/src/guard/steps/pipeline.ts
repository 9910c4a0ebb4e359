import type { Completed, Invocation, Outcome, Policy, PreflightOutcome, Slot } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import { type Eventually, whenKnown } from '../../base/process/async.ts'
import { asSdk } from '../../base/process/shared-state.ts'
import { keepForLater } from '../../runs/find-run.ts'
import { Acts } from '../call/acts.ts'
import type { AdmittedCall, Growing, IncomingCall, ParsedCall, PermittedCall } from '../call/call.ts'
import { noAccess } from '../call/call-credentials.ts'
import { CallReport } from '../call/call-report.ts'
import { CallDeadline } from '../call/deadline.ts'
import { EqualCalls } from '../call/equal-calls.ts'
import { type Ended, ended, noPolicy } from '../call/outcome.ts'
import { isRefusal, isUnderWay, type Refusal } from '../call/refusal.ts'
import { cachedTokens } from '../credentials/check-links.ts'
import { cachedCredentials, obtainCredentials } from '../credentials/obtain-credentials.ts'
import type { GuardParts } from '../guard-parts.ts'
import { definitionOf, type PolicyDefinition } from '../tools/policy-definition.ts'
import { claim } from './claim.ts'
import { type Body, execute } from './execute.ts'
import { refusalOfError } from './refusal-of-error.ts'
import { mayAwaitStepUp } from './step-up.ts'
import { approvedCall, parsedCall, permit, recheck, replayed } from './steps.ts'

/*
 * The steps of one call: parse → identify → permit → approve → obtain → claim → execute. Each step takes the type that
 * the previous step returns, or the call ends with a refusal. `steps.ts` writes the findings of the steps to the trace.
 */

/**
 * Reads the arguments of a call once, because its caller may reuse the objects for the next call. The inputs are copied
 * when they are parsed, before the first wait.
 */
const taken = ({ tool, slot, input, rawInput, identity, signal }: Invocation): Invocation => ({
  tool,
  slot: Array.isArray(slot) ? ([...slot] as unknown as Slot) : slot,
  input,
  rawInput,
  identity,
  signal,
})

/** Decides whether the call could run now: everything before the credentials. Consumes nothing. */
export async function preflight(
  policy: Policy | undefined,
  given: Invocation,
  guard: GuardParts,
): Promise<PreflightOutcome> {
  const invocation = taken(given)
  const definition = definitionOf(policy)
  if (definition === undefined) return noPolicy(invocation, 'preflight', guard)
  invocation.signal?.throwIfAborted()
  const call = incoming(definition, invocation, guard)
  let refusal: Refusal | undefined
  try {
    refusal = await call.deadline.bound(asSdk(() => preflightRefusal(call, guard)))
  } catch (error) {
    refusal = faulted(call, error)
  } finally {
    call.deadline.end()
    call.acts.end(false)
  }
  // The call itself waits for an equal one. If a preflight refused it, some frameworks would end all their calls.
  const isAwaited = refusal !== undefined && isUnderWay(refusal)
  if (refusal && !isAwaited) {
    const outcome = ended(call, refusal, 'preflight')
    call.report.over()
    return outcome
  }
  call.report.recordEnd('preflight', 'ready')
  return { status: 'ready', trace: call.report.trace(), ...(isAwaited && { underWay: true }) }
}

async function preflightRefusal(call: IncomingCall, guard: GuardParts): Promise<Refusal | undefined> {
  const parsed = await parsedCall(call, guard)
  if (isRefusal(parsed)) return parsed
  if (call.policy.isPublic) return undefined
  const authorized = await permit(parsed, guard)
  if (isRefusal(authorized)) return authorized
  const approved = await approvedCall(authorized, 'preflight', guard)
  return isRefusal(approved) ? approved : undefined
}

/** Runs the whole pipeline, and the body at its end. */
export function run(
  policy: Policy | undefined,
  given: Invocation,
  body: Body,
  guard: GuardParts,
): Promise<Outcome<unknown>> {
  const invocation = taken(given)
  const definition = definitionOf(policy)
  if (definition === undefined) return Promise.resolve(noPolicy(invocation, 'run', guard))
  // Found here, and not when the run has begun: it would be in doubt.
  if (typeof body !== 'function') throw new ConfigurationError('guard.run', 'give the body of the tool, a function')
  const call = incoming(definition, invocation, guard)
  return call.acts.outer === undefined ? runCall(call, body, guard) : asSdk(() => runCall(call, body, guard))
}

function runCall(call: IncomingCall, body: Body, guard: GuardParts): Promise<Outcome<unknown>> {
  const fail = async (error: unknown) => ended(call, faulted(call, error), 'run')
  try {
    call.invocation.signal?.throwIfAborted()
    const parsing = parsedCall(call, guard)
    const admitted =
      parsing instanceof Promise ? parsing.then((parsed) => admit(parsed, guard, true)) : admit(parsing, guard, false)
    if (!(admitted instanceof Promise)) return enter(call, admitted, body, guard)
    const failLate = (error: unknown) => {
      const failed = fail(error)
      abandon(call, admitted)
      return failed
    }
    // Both handlers in one `then`: an error of the body is not a fault of the guard.
    return call.deadline.bound(admitted).then((passed) => enter(call, passed, body, guard), failLate)
  } catch (error) {
    call.acts.end(false)
    return fail(error)
  }
}

function incoming(policy: PolicyDefinition, invocation: Invocation, guard: GuardParts): IncomingCall {
  const report = new CallReport(invocation, guard, guard.clock.now())
  const deadline = new CallDeadline(policy.rules.timeoutMs ?? guard.timeoutMs, invocation.signal)
  return { invocation, policy, report, deadline, acts: new Acts(invocation.signal) }
}

/** A call that may start its body, or the outcome that ended it. */
type Admitted = AdmittedCall | Refusal | Completed<unknown>

function enter(
  call: IncomingCall,
  admitted: Admitted,
  body: Body,
  guard: GuardParts,
): Promise<Ended | Completed<unknown>> {
  call.deadline.end()
  if (!('status' in admitted)) return execute(admitted, body, guard)
  // What an earlier run did counts for the bodies around, if this call tells of it.
  const isDone = admitted.status === 'done'
  call.acts.end(isDone)
  return Promise.resolve(isDone ? admitted : ended(call, admitted, 'run'))
}

/** Ends a call that was answered before it was admitted: closes and releases its late parts, and records nothing. */
function abandon(call: IncomingCall, admitted: Promise<Admitted>): void {
  call.deadline.end()
  call.report.over()
  admitted
    .then(async (late) => {
      if ('status' in late) return late.status === 'done'
      late.access.close()
      await late.claim?.release()
      return false
    })
    .catch(() => false)
    .then((isDone) => call.acts.end(isDone))
}

/**
 * Runs all steps between parse and execute.
 *
 * @param isLate - Whether the call waited for its schema or its policy's version. Then the clock is read again.
 */
function admit(parsed: ParsedCall | Refusal, guard: GuardParts, isLate: boolean): Eventually<Admitted> {
  if (isRefusal(parsed)) return parsed
  const { policy, report } = parsed
  const { auditor } = guard
  if (policy.isPublic) return admitPublic(parsed, guard)
  const authorizing = permit(parsed, guard)
  if (authorizing instanceof Promise) return authorizing.then((call) => admitSlowly(call, guard))
  if (isRefusal(authorizing)) return authorizing
  const isWarm = policy.effect === 'read' && !isLate && !auditor.required
  if (isWarm && !mayAwaitStepUp(authorizing, 'run', guard.stepUps)) {
    report.at = 'access'
    const { cached = cachedTokens(authorizing, guard, authorizing.checkedAt) } = authorizing
    const opened = cachedCredentials(authorizing, guard, cached)
    if (opened) {
      const call = authorizing as PermittedCall & Growing<AdmittedCall>
      call.access = report.took('access', opened).access
      return call
    }
  }
  return admitSlowly(authorizing, guard)
}

/** Admits a call of a public tool, from any caller. Its body gets no identity: the steps that check one do not run (I1). */
function admitPublic(parsed: ParsedCall, { auditor }: GuardParts): Eventually<AdmittedCall> {
  const call = Object.assign(parsed, { claim: undefined, access: noAccess, identity: undefined })
  return auditor.required ? whenKnown(call.report.recordEnd('run', 'ready'), () => call) : call
}

/** Runs approve, open and claim, which may wait, and starts again after an equal call has ended. */
async function admitSlowly(authorized: PermittedCall | Refusal, guard: GuardParts): Promise<Admitted> {
  if (isRefusal(authorized)) return authorized
  const equals = new EqualCalls(authorized, guard)
  for (;;) {
    const admitted = await admitNow(authorized, guard)
    if (!('status' in admitted) || admitted.status === 'done' || !isUnderWay(admitted)) return admitted
    if (!(await equals.waited(admitted.underWay))) {
      const { slot, ids } = admitted.underWay
      if (slot === 'own') for (const id of ids) await keepForLater(guard.runStore, id)
      return authorized.report.refused(authorized.report.at, admitted)
    }
    authorized.report.passed(authorized.report.at, 'waited for an equal call')
    Object.assign(authorized, { waited: true })
  }
}

/** Runs approve, open and claim. A refusal closes all that they opened. */
async function admitNow(authorized: PermittedCall, guard: GuardParts): Promise<Admitted> {
  const { report, deadline } = authorized
  const approved = await approvedCall(authorized, 'run', guard)
  // The call may have waited for a person. Another caller's result goes only to a caller who may still ask.
  if ('replay' in approved) return (await recheck(authorized, guard)) ?? replayed(authorized, approved, guard)
  if (isRefusal(approved)) return approved
  report.at = 'access'
  const opened = await obtainCredentials(approved, guard)
  if (isRefusal(opened)) return report.refused('access', opened)
  const call = Object.assign(approved, report.took('access', opened))
  const refuse = (refusal: Refusal) => {
    call.access.close()
    return refusal
  }
  try {
    if (guard.auditor.required) await report.recordEnd('run', 'ready')
    const late = await recheck(call, guard)
    if (late) return refuse(late)
    if (!call.run) return Object.assign(call, { claim: undefined })
    // A call that was answered during the wait, or whose caller aborted, claims nothing.
    deadline.signal.throwIfAborted()
    report.at = 'claim'
    const claimed = await claim(call, call.run, guard)
    if (isRefusal(claimed)) return refuse(isUnderWay(claimed) ? claimed : report.refused('claim', claimed))
    return Object.assign(call, report.took('claim', claimed))
  } catch (error) {
    call.access.close()
    throw error
  }
}

const faulted = (call: IncomingCall, error: unknown): Refusal =>
  call.report.refused(call.report.at, refusalOfError(error, call))
