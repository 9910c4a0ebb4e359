import { type Claim, claimRun, type Entry, type StoredResult } from '../approvals/index.ts'
import { withinDeadline } from '../authorization-server/within-deadline.ts'
import type { Call, Done, Json } from '../contract/index.ts'
import { type FlowEnd, isFlow, redactError, redactFlow, redactTokens } from '../credential/index.ts'
import { BehalfError } from '../errors/index.ts'
import { snapshot } from '../lib/index.ts'
import { callOf, principalOf } from './auditor.ts'
import { runInCall } from './current-call.ts'
import type { Environment } from './environment.ts'
import type { OpenedAccess } from './open-access.ts'
import { doneWith, noteEnd } from './outcome.ts'
import type { Progress } from './progress.ts'
import { keepStepUp, stepUpOfError } from './step-up.ts'
import type { Stop } from './stop.ts'

/** A result that is larger is given once and cannot be told again. Characters of JSON. */
const MAX_STORED_RESULT = 256 * 1024

export type Body = (input: unknown, call: Call) => unknown

/** Step 9: the claim, last of all, so that nothing that can fail stands between it and the body. */
export async function claimBody(progress: Progress, entry: Entry, environment: Environment): Promise<Claim | Stop> {
  const claimed = await claimRun(environment.ledger, entry)
  if (claimed === undefined) {
    const detail = 'the same call is being run by somebody else'
    return { status: 'unavailable', retryAfter: 1, detail, underWay: true }
  }
  progress.passed('claim', 'this run is ours alone')
  return claimed
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
        onEnd: async (end) => {
          access.close()
          await noteFlowEnd(progress, end, claimed, environment)
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
    await noteThrow(progress, error, claimed, environment)
    throw redactError(error, access.tokens())
  } finally {
    if (!flows) access.close()
  }
}

/**
 * A generator's result is what it returned; what it gave on the way is given once, and so is a stream. One that
 * its reader gave up was cut off in mid-work: what it did is not known, so it is not done again (A5).
 */
async function noteFlowEnd(
  progress: Progress,
  end: FlowEnd,
  claimed: Claim | undefined,
  environment: Environment,
): Promise<void> {
  switch (end.status) {
    case 'ended': {
      const stored: StoredResult = 'value' in end ? storable(end.value) : { kind: 'not_storable' }
      if (claimed !== undefined) await keepResult(progress, claimed, stored, environment)
      noteEnd(progress, 'run', 'done', environment)
      return
    }
    case 'given_up':
      if (claimed !== undefined) await Promise.allSettled([kept(() => claimed.threw(), environment)])
      auditBroken(progress, 'aborted', environment)
      return
    case 'threw':
      return noteThrow(progress, end.error, claimed, environment)
    default:
      return end satisfies never
  }
}

/** What a body threw ends its run, and may be an API's demand for more (E5). A store that fails now changes neither. */
async function noteThrow(
  progress: Progress,
  error: unknown,
  claimed: Claim | undefined,
  environment: Environment,
): Promise<void> {
  const stepUp = stepUpOfError(error)
  const writes = [
    ...(claimed === undefined ? [] : [kept(() => claimed.threw(), environment)]),
    ...(stepUp === undefined ? [] : [kept(() => keepStepUp(progress, stepUp, environment), environment)]),
  ]
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

  get signal(): AbortSignal {
    this.#signal ??= this.#progress.invocation.signal ?? new AbortController().signal
    return this.#signal
  }
}

/**
 * Step 10. A store that fails now does not undo what the body did: the result is given all the same, and the
 * claim goes on trying to store it.
 */
async function keepResult(
  progress: Progress,
  claimed: Claim,
  stored: StoredResult,
  environment: Environment,
): Promise<void> {
  try {
    await kept(() => claimed.complete(stored), environment)
    progress.passed('complete', 'the result is stored')
  } catch (error) {
    const why = BehalfError.isInstance(error) ? error.message : 'the store failed'
    progress.stopped('complete', { status: 'unavailable', detail: `the result could not be stored: ${why}` })
  }
}

/** The caller does not wait for a store without end. */
const kept = (write: () => Promise<void>, { timeoutMs }: Environment): Promise<void> =>
  withinDeadline({ timeoutMs }, write)

/** Never throws: a result that cannot be read as JSON is given once, and cannot be told again. */
function storable(result: unknown): StoredResult {
  if (result === undefined) return { kind: 'undefined' }
  try {
    const copied = snapshot(result)
    if ('problem' in copied || JSON.stringify(copied.value).length > MAX_STORED_RESULT) return { kind: 'not_storable' }
    return { kind: 'json', value: copied.value as Json }
  } catch {
    return { kind: 'not_storable' }
  }
}
