import { type Claim, claimRun, type Entry, startedRuns } from '../approvals/index.ts'
import { withinDeadline } from '../authorization-server/within-deadline.ts'
import type { Call, Done } from '../contract/index.ts'
import { type FlowEnd, isFlow, redactError, redactFlow, redactTokens } from '../credential/index.ts'
import { leavesFirstCall } from '../errors/first-call.ts'
import { takeHadNoEffect } from '../errors/had-no-effect-error.ts'
import { BehalfError, type StepUp } from '../errors/index.ts'
import { callOf, principalOf } from './auditor.ts'
import { runInCall } from './current-call.ts'
import { askedBy, type Entitled, entitlementNow } from './entitle.ts'
import type { Environment } from './environment.ts'
import type { OpenedAccess } from './open-access.ts'
import { doneWith, noteEnd } from './outcome.ts'
import type { Progress } from './progress.ts'
import { redacts } from './redactor-of.ts'
import { keepStepUp, stepUpOfError } from './step-up.ts'
import { deny, type Stop } from './stop.ts'
import { type Storable, storable, streamed } from './storable.ts'

export type Body = (input: unknown, call: Call) => unknown

/** A run that may be claimed, and why. */
interface ReadyRun {
  readonly entry: Entry
  readonly entitled: Entitled
}

/**
 * Step 9: the claim, last of all, so that nothing that can fail stands between it and the body. What entitles it is
 * decided once more: credentials were opened meanwhile, and that takes time.
 */
export async function claimBody(
  progress: Progress,
  { entry, entitled }: ReadyRun,
  environment: Environment,
): Promise<Claim | Stop> {
  const { identity } = progress
  if (identity === undefined) return deny('misconfigured', 'a write needs an identity')
  const now = await entitlementNow(progress, entry, identity, environment)
  if ('status' in now) return now
  if (now.entitlement.kind !== entitled.kind) {
    const detail = `the approval does not hold any more${now.entitlement.kind === 'ask' ? `: ${now.entitlement.why}` : ''}`
    return { status: 'unavailable', retryAfter: 1, detail }
  }
  const { policyVersion: _, ...caller } = askedBy(progress, identity)
  const claimed = await claimRun(environment.ledger, entry, { caller, isAnswered: entitled.kind === 'answered' })
  if (claimed === undefined) {
    const detail = 'the same call is being run by somebody else'
    return { status: 'unavailable', retryAfter: 1, detail, underWay: true }
  }
  if (await hasNewDoubt(claimed, now.inDoubt, environment)) {
    await claimed.giveBack()
    return { status: 'unavailable', retryAfter: 1, detail: 'an equal run went in doubt while this one was claimed' }
  }
  progress.passed('claim', 'this run is ours alone')
  return claimed
}

/** Whether an equal run went in doubt between the last check and the claim: from here on, others see this one run (A13). */
async function hasNewDoubt(claimed: Claim, known: readonly Entry[], { ledger }: Environment): Promise<boolean> {
  const { id, binding } = claimed.entry.record
  try {
    const { inDoubt } = await startedRuns(ledger, binding, id)
    return inDoubt.some(({ record }) => !known.some((entry) => entry.record.id === record.id))
  } catch (error) {
    void claimed.giveBack().catch(() => {})
    throw error
  }
}

/**
 * Runs the body in its call, and closes the call with it.
 *
 * A body that streams works on while its result is read: its call, its run and its lease end with the stream.
 *
 * @throws The body's own error, without the tokens that it may quote.
 */
export async function runBody(
  progress: Progress,
  body: Body,
  access: OpenedAccess,
  claimed: Claim | undefined,
  environment: Environment,
): Promise<Done<unknown>> {
  const call = new RunningCall(progress, access, claimed?.idempotencyKey)
  if (claimed !== undefined) access.useIdempotencyKey(claimed.idempotencyKey)
  let flows = false
  try {
    const returned = runInCall(call, progress, () => body(progress.input, call))
    const given = isThenable(returned) ? await returned : returned
    if (isFlow(given)) {
      const flow = redactFlow(given, {
        tokens: () => access.tokens(),
        enter: (step) => runInCall(call, progress, step),
        signal: progress.invocation.signal,
        onEnd: async (end) => {
          access.close()
          await noteFlowEnd(progress, end, { access, claimed }, environment)
        },
      })
      flows = true
      return doneWith(progress, flow)
    }
    const result = redactTokens(given, access.tokens())
    if (claimed !== undefined) await keepResult(progress, claimed, storable(result), environment)
    noteEnd(progress, 'run', 'done', environment)
    return doneWith(progress, result)
  } catch (error) {
    // Closed first: what leaves after it was decided whether the run is in doubt would not be counted.
    access.close()
    await noteThrow(progress, error, { access, claimed }, environment)
    throw redactError(error, access.tokens())
  } finally {
    if (!flows) access.close()
  }
}

/** What a body ran with. */
interface Held {
  readonly access: OpenedAccess
  readonly claimed: Claim | undefined
}

/** Whether a body that did not return may have taken effect (A13). */
const isInDoubt = (error: unknown, { access }: Held): boolean => !takeHadNoEffect(error) && access.mayHaveActed()

/**
 * A generator's result is what it returned; what it gave on the way is given once, and so is a stream. One that
 * its reader gave up was cut off in mid-work.
 */
async function noteFlowEnd(progress: Progress, end: FlowEnd, held: Held, environment: Environment): Promise<void> {
  const { claimed } = held
  switch (end.status) {
    case 'ended': {
      const stored = 'value' in end ? storable(end.value) : streamed
      if (claimed !== undefined) await keepResult(progress, claimed, stored, environment)
      noteEnd(progress, 'run', 'done', environment)
      return
    }
    case 'given_up':
      if (claimed !== undefined) {
        const inDoubt = isInDoubt(undefined, held)
        await Promise.allSettled([kept(() => claimed.threw({ inDoubt }), environment)])
      }
      auditBroken(progress, 'aborted', environment)
      return
    case 'threw':
      return noteThrow(progress, end.error, held, environment)
    default:
      return end satisfies never
  }
}

/**
 * What a body threw ends this try, and may be an API's demand for more (E5): of a run in doubt, that is not asked of
 * the user next. A store that fails now changes neither.
 */
async function noteThrow(progress: Progress, error: unknown, held: Held, environment: Environment): Promise<void> {
  const { claimed } = held
  // Both are asked in any case: the error may pass through a call around this one, of which it says nothing.
  const isDoubtful = isInDoubt(error, held)
  const asked = stepUpOfError(error)
  const isOwn = asked !== undefined && leavesFirstCall(asked)
  const inDoubt = claimed !== undefined && isDoubtful
  const demanded = isOwn && !inDoubt ? asked : undefined
  // A challenge may repeat the token that it answers.
  const stepUp = demanded && {
    ...(demanded.credential !== undefined && { credential: demanded.credential }),
    stepUp: redactTokens(demanded.stepUp, held.access.tokens()) as StepUp,
  }
  const writes = [
    ...(claimed === undefined ? [] : [kept(() => claimed.threw({ inDoubt }), environment)]),
    ...(stepUp === undefined ? [] : [kept(() => keepStepUp(progress, stepUp, environment), environment)]),
  ]
  // Stryker disable next-line EqualityOperator: Spares waiting for nothing.
  if (writes.length > 0) await Promise.allSettled(writes)
  auditBroken(progress, progress.invocation.signal?.aborted === true ? 'aborted' : 'threw', environment)
}

function auditBroken(progress: Progress, status: 'aborted' | 'threw', { auditor }: Environment): void {
  if (auditor.isSilent) return
  const { tool } = progress.invocation
  auditor.note({
    type: 'call',
    phase: 'run',
    status,
    tool,
    ...principalOf(progress.identity),
    ...callOf(progress),
    trace: progress.trace(),
  })
}

/** Whatever `await` would wait for: query builders are thenables too, and run only then. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false
  return 'then' in value && typeof value.then === 'function'
}

/** A call as the body sees it. A class with lazy parts: most bodies read one or two of them. */
class RunningCall implements Call {
  readonly #progress: Progress
  readonly #access: OpenedAccess
  #key: string | undefined
  #signal: AbortSignal | undefined

  constructor(progress: Progress, access: OpenedAccess, key: string | undefined) {
    this.#progress = progress
    this.#access = access
    this.#key = key
  }

  get access(): Call['access'] {
    return this.#access.credentials
  }

  get tool(): string {
    return this.#progress.invocation.tool
  }

  // The type of an absent identity is `never there`, not `undefined`; public tools simply have none.
  get identity(): NonNullable<Call['identity']> {
    return this.#progress.identity as NonNullable<Call['identity']>
  }

  get idempotencyKey(): string {
    this.#key ??= crypto.randomUUID()
    return this.#key
  }

  /** Not of what a body sees: for `redactorOf`. */
  get [redacts](): <Value>(value: Value) => Value {
    return (value) => redactTokens(value, this.#access.tokens())
  }

  get signal(): AbortSignal {
    const { signal } = this.#progress.invocation
    // Its own: what a body leaves on it does not stay on a signal that outlives the call.
    this.#signal ??= AbortSignal.any(signal === undefined ? [] : [signal])
    return this.#signal
  }
}

/**
 * Step 10. A store that fails now does not undo what the body did: the result is given all the same, and the
 * claim goes on trying to store it. The operator hears of a result that cannot be told again.
 */
async function keepResult(
  progress: Progress,
  claimed: Claim,
  { stored, problem }: Storable,
  environment: Environment,
): Promise<void> {
  progress.at = 'complete'
  const notStored = (why: string) => {
    const message = `the result could not be stored: ${why}`
    progress.stopped('complete', { status: 'unavailable', detail: message })
    progress.fault({ kind: 'result_not_stored', message })
  }
  try {
    await kept(() => claimed.complete(stored), environment)
  } catch (error) {
    return notStored(BehalfError.isInstance(error) ? error.message : 'the store failed')
  }
  if (problem !== undefined) return notStored(problem)
  const isStream = stored.kind === 'not_storable'
  progress.passed('complete', isStream ? 'the run is stored; what it streamed is not' : 'the result is stored')
}

/** The caller does not wait for a store without end. */
const kept = (write: () => Promise<void>, { timeoutMs }: Environment): Promise<void> =>
  withinDeadline({ timeoutMs }, write)
