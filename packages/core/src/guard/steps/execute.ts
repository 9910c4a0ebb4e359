import type { Call, Completed, Json } from '../../base/contract/index.ts'
import { leavesFirstCall, takeEvidence } from '../../base/errors/first-call.ts'
import { BehalfError, type StepUp } from '../../base/errors/index.ts'
import { snapshot } from '../../base/values/index.ts'
import { type FlowEnd, isFlow, redactError, redactFlow, redactTokens } from '../../credential/index.ts'
import { withinDeadline } from '../../oauth/requests/bounded-request.ts'
import { unheard } from '../../runs/claim-run.ts'
import type { StoredResult } from '../../runs/record.ts'
import { watchRequests } from '../call/acts.ts'
import type { AdmittedCall } from '../call/call.ts'
import { redacts, runInCall } from '../call/current-call.ts'
import { doneWith } from '../call/outcome.ts'
import type { GuardParts } from '../guard-parts.ts'
import { keepStepUp, stepUpOfError } from './step-up.ts'

export type Body = (input: unknown, call: Call) => unknown

/** Parts of the guard that are needed while a body runs, and after it. */
type Execution = Pick<GuardParts, 'timeoutMs' | 'stepUps' | 'runStore'>

/**
 * Runs the body in its call, and closes the call with it.
 *
 * A streaming body continues while its result is read: its call, its run and its lease end with the stream.
 *
 * @throws The body's own error, without the tokens that it may quote.
 */
export async function execute(admitted: AdmittedCall, body: Body, execution: Execution): Promise<Completed<unknown>> {
  const { access, claim, report, input, invocation } = admitted
  const call = admitted
  call.acts.claim = claim?.here
  if (claim !== undefined) watchRequests()
  const running = new RunningCall(call)
  if (claim !== undefined) access.useIdempotencyKey(claim.idempotencyKey)
  let flows = false
  try {
    const returned = runInCall(running, call, () => body(input, running))
    // Query builders are thenables too, and run only when they are awaited.
    const given = typeof (returned as PromiseLike<unknown> | null)?.then === 'function' ? await returned : returned
    if (isFlow(given)) {
      const flow = redactFlow(given, {
        tokens: () => access.tokens(),
        enter: (step) => runInCall(running, call, step),
        signal: invocation.signal,
        onEnd: async (end) => {
          access.close()
          return endFlow(call, end, execution)
        },
      })
      flows = true
      if (claim !== undefined) claim.stream()
      return doneWith(call, flow)
    }
    const result = redactTokens(given, access.tokens())
    const isGiven = await keepResult(call, storable(result), execution)
    report.recordEnd('run', isGiven ? 'done' : 'aborted')
    // Not awaited: the body has ended without an error.
    return isGiven ? doneWith(call, result) : Promise.reject(invocation.signal?.reason)
  } catch (error) {
    // Closed first: a request that leaves after the run's doubt was decided would not be counted.
    access.close()
    await endThrown(call, { status: 'threw', error }, execution)
    throw redactError(error, access.tokens())
  } finally {
    if (!flows) access.close()
  }
}

/**
 * Decides whether a body that did not return may have taken effect (A13): always, unless the body or its policy says
 * otherwise. What the SDK saw counts more than a refusal of one request, and a guarded write counts in any case.
 */
function isInDoubt(error: unknown, { access, acts, policy, report }: AdmittedCall): boolean {
  const evidence = takeEvidence(error)
  if (acts.mayHaveActed) return true
  if (evidence === 'said') return false
  const { writesOnlyBy } = policy.rules
  if ((evidence ?? writesOnlyBy) === undefined) return true
  // A policy without credentials may say that only guarded calls write.
  if (access.mayHaveActed() && !(writesOnlyBy && policy.access.length === 0)) return true
  if (acts.unseen === undefined) return false
  const message = `the body sent ${acts.unseen} without its credentials: leave writesOnlyBy out`
  report.fault({ kind: 'unseen_request', message })
  return true
}

/** Returns whether a read may have changed something all the same, by its credentials or by guarded calls. */
const readHasActed = ({ access, acts, policy }: AdmittedCall): boolean =>
  acts.mayHaveActed || (policy.access.length > 0 && access.mayHaveActed())

/**
 * Ends the run of a generator or a stream. The result of a generator is its return value. Yielded values, and a stream,
 * cannot be returned again. A stream that its reader abandoned was cut off before its end.
 *
 * @returns whether the reader gets the end.
 */
async function endFlow(call: AdmittedCall, end: FlowEnd, execution: Execution): Promise<boolean> {
  if (end.status !== 'ended') {
    await endThrown(call, end, execution)
    return false
  }
  const isGiven = await keepResult(call, 'value' in end ? storable(end.value) : streamed, execution)
  call.report.recordEnd('run', isGiven ? 'done' : 'aborted')
  return isGiven
}

/**
 * Ends a try whose body threw, or whose stream was abandoned. The error may be an API's demand for a step-up (E5): the
 * next call asks the user for it, unless the run is in doubt. A failing store does not change the error or the outcome.
 */
async function endThrown(
  call: AdmittedCall,
  { status, error }: { readonly status: 'threw' | 'given_up'; readonly error?: unknown },
  execution: Execution,
): Promise<void> {
  const { claim, access, report, invocation } = call
  // Both are checked in any case: the error may pass through an outer call, which it does not concern.
  const isDoubtful = isInDoubt(error, call)
  const asked = stepUpOfError(error)
  const isOwn = asked !== undefined && leavesFirstCall(asked)
  const inDoubt = claim !== undefined && isDoubtful
  call.acts.end(claim === undefined ? readHasActed(call) : inDoubt)
  const demanded = isOwn && !inDoubt ? asked : undefined
  // A challenge may repeat the token that it answers.
  const stepUp = demanded && {
    ...(demanded.credential !== undefined && { credential: demanded.credential }),
    stepUp: redactTokens(demanded.stepUp, access.tokens()) as StepUp,
  }
  await Promise.allSettled([
    kept(() => claim?.threw({ inDoubt }) ?? call.acts.lose(), execution),
    stepUp && kept(() => keepStepUp(call, stepUp, execution.stepUps), execution),
  ])
  report.recordEnd('run', status === 'given_up' || invocation.signal?.aborted === true ? 'aborted' : 'threw')
}

/** A call as the body sees it. A class with lazy parts: most bodies read one or two of them. */
class RunningCall implements Call {
  readonly #call: AdmittedCall
  #key: string | undefined
  #signal: AbortSignal | undefined

  constructor(call: AdmittedCall) {
    this.#call = call
    this.#key = call.claim?.idempotencyKey
  }

  get access(): Call['access'] {
    return this.#call.access.credentials
  }

  get tool(): string {
    return this.#call.invocation.tool
  }

  // The type of an absent identity is `never there`, not `undefined`. Calls of public tools have no identity.
  get identity(): NonNullable<Call['identity']> {
    return this.#call.identity as NonNullable<Call['identity']>
  }

  get idempotencyKey(): string {
    this.#key ??= crypto.randomUUID()
    return this.#key
  }

  /** Redacts tokens for `redactorOf`. It is not part of what a body sees. */
  get [redacts](): <Value>(value: Value) => Value {
    return (value) => redactTokens(value, this.#call.access.tokens())
  }

  get signal(): AbortSignal {
    const { signal } = this.#call.invocation
    // The call's own signal: listeners that a body leaves do not stay on a signal that outlives the call.
    this.#signal ??= AbortSignal.any(signal === undefined ? [] : [signal])
    return this.#signal
  }
}

/**
 * Stores the result of a run. A failing store does not undo the work of the body: the caller still gets the
 * result, and the claim keeps trying to store it. `onFault` reports a result that cannot be returned again.
 *
 * @returns whether the caller gets the result. A framework may hand on the result of a call that it has given up (A13).
 */
async function keepResult(call: AdmittedCall, { stored, problem }: Storable, execution: Execution): Promise<boolean> {
  const { claim, report, access, acts, invocation } = call
  acts.end(claim !== undefined || readHasActed(call))
  if (claim === undefined) return acts.hear(true)
  let isGiven: boolean | undefined
  const isThere = () => isGiven ?? invocation.signal?.aborted !== true
  report.at = 'complete'
  let why = problem
  try {
    isGiven = await kept(() => claim.complete(stored, isThere), execution)
  } catch (error) {
    isGiven = isThere()
    why = BehalfError.isInstance(error) ? error.message : 'the store failed'
  }
  if (isGiven) acts.tell(() => unheard(execution.runStore, claim.entry.record))
  if (why !== undefined) {
    const message = `the result could not be stored: ${why}`
    report.refused('complete', { status: 'unavailable', detail: message })
    report.fault({ kind: 'result_not_stored', message })
    return isGiven
  }
  // A body that returns an API's refusal has done nothing, and each repeat of the call gets the refusal.
  const hint = access.mayHaveActed() ? '' : '; the API accepted no write: throw if its response is not ok'
  report.passed(
    'complete',
    (stored.kind === 'not_storable' ? 'the run is stored; what it streamed is not' : 'the result is stored') + hint,
  )
  return isGiven
}

/** Waits for the store within the deadline of the guard. */
const kept = <Result>(write: () => Promise<Result>, { timeoutMs }: Execution): Promise<Result> =>
  withinDeadline({ timeoutMs }, write)

/** Maximum size of a stored result, in characters of JSON. A larger one is returned once and cannot be repeated. */
const MAX_STORED_RESULT = 256 * 1024

/** A result in its stored form, or the reason why it cannot be stored. */
export interface Storable {
  readonly stored: StoredResult
  readonly problem?: string
}

/** A stream is returned once. Its caller does not expect it again. */
const streamed: Storable = { stored: { kind: 'not_storable' } }

/**
 * Returns the stored form of a result. Never throws: a result that is not plain JSON is returned once, and cannot be
 * repeated.
 */
function storable(result: unknown): Storable {
  if (result === undefined) return { stored: { kind: 'undefined' } }
  try {
    const copied = snapshot(result)
    if ('problem' in copied) return notStorable(copied.problem)
    const { length } = JSON.stringify(copied.value)
    if (length <= MAX_STORED_RESULT) return { stored: { kind: 'json', value: copied.value as Json } }
    return notStorable(`it is ${length} characters of JSON; at most ${MAX_STORED_RESULT} are stored`)
  } catch {
    return notStorable('it cannot be read')
  }
}

const notStorable = (problem: string): Storable => ({ stored: { kind: 'not_storable' }, problem })
