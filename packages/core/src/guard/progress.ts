import type { StartedRuns } from '../approvals/index.ts'
import type { Explanation, Fault, Identity, Invocation, Json, StepName, Trace, TraceStep } from '../contract/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { isVerified } from '../identity/verified.ts'
import type { Clock } from '../ports/index.ts'
import { Deadline } from './deadline.ts'
import type { GrantableScopes } from './grantable-scopes.ts'
import type { PolicyDefinition } from './policy-definition.ts'
import type { Stop } from './stop.ts'

const versions = new WeakMap<PolicyDefinition, string | undefined>()

/**
 * The digest of a policy, while it is computed for the first time: every event names the version, the first one too.
 * `undefined` where it is known, or nobody listens, so that no other call waits.
 */
export function versionPending(
  definition: PolicyDefinition,
  { auditor }: Pick<ProgressSurroundings, 'auditor'>,
): Promise<void> | undefined {
  if (auditor.isSilent || definition.rules.version !== undefined || versions.has(definition)) return undefined
  const learned = (version?: string) => void versions.set(definition, version)
  return definition.version().then(learned, () => learned())
}

interface ProgressSurroundings {
  readonly timeoutMs: number
  readonly clock: Clock
  readonly observe: boolean
  readonly auditor: { readonly isSilent: boolean }
  readonly onFault: (fault: Fault) => void
}

/** One call on its way through the guard: what is known so far, and what was decided. */
export class Progress {
  readonly invocation: Invocation
  readonly definition: PolicyDefinition
  readonly identity: Identity | undefined
  /** Parsed and frozen; set by step 1. The stored one, where an earlier try of the same slot was parsed first (A12). */
  input: Json = null
  /** As plain JSON, before the schema; set by step 1. Names a run together with its slot. */
  rawInput: Json = null
  /** Whether this call needs a question answered; set by the approval rule. */
  needsApproval = false
  /** What the credentials of this call may hold; set by step 3. */
  grantable: GrantableScopes | undefined
  /** Equal runs that had started when this call made its run: read a moment ago, so not once more by the next step. */
  startedBefore: StartedRuns | undefined
  policyVersion: string | undefined
  approvalId: string | undefined
  /** Epoch milliseconds of the last time that identity, roles and permission were checked. */
  checkedAt: number
  /** The step under way: where a fault belongs. */
  at: StepName = 'input'
  /** A person was waited for inside this call. */
  waited = false
  /** For each credential of the policy, in order: its token where the cache had one. Looked up again after a wait. */
  cached: readonly (IssuedToken | undefined)[] | undefined
  /** Something was waited for, so that time has passed since `checkedAt`. */
  suspended = false
  readonly #steps: TraceStep[] = []
  readonly #timeoutMs: number
  readonly #observe: boolean
  readonly #onFault: (fault: Fault) => void
  readonly #audited: { readonly clock: Clock; readonly callId: string; readonly startedAt: number } | undefined
  #deadline: Deadline | undefined
  #isEnded = false
  #worksDuringBody = 0
  #isOver = false

  constructor(
    invocation: Invocation,
    definition: PolicyDefinition,
    { timeoutMs, clock, observe, auditor, onFault }: ProgressSurroundings,
  ) {
    this.invocation = invocation
    this.definition = definition
    // A public tool takes anybody, and believes nobody: what no verification made is no identity (I1).
    this.identity = definition.isPublic && !isVerified(invocation.identity) ? undefined : invocation.identity
    this.checkedAt = clock.now()
    this.#timeoutMs = definition.rules.timeoutMs ?? timeoutMs
    this.#observe = observe
    this.#onFault = onFault
    if (!auditor.isSilent) this.policyVersion = definition.rules.version ?? versions.get(definition)
    this.#audited = auditor.isSilent ? undefined : { clock, callId: crypto.randomUUID(), startedAt: this.checkedAt }
  }

  /** Names this call in its audit events; absent where nobody listens. */
  get callId(): string | undefined {
    return this.#audited?.callId
  }

  passed(step: StepName, detail: string, explanations?: readonly Explanation[]): void {
    this.#note(step, 'passed', detail, explanations)
  }

  wouldDeny(step: StepName, detail: string, explanations?: readonly Explanation[]): void {
    this.#note(step, 'would_deny', detail, explanations)
  }

  stopped(step: StepName, stop: Stop): Stop {
    const { explanations, stack } = stop.status === 'denied' ? stop : {}
    this.#note(step, stop.status, stop.detail, explanations, stack)
    return stop
  }

  /** Tells the operator of a fault in this call. */
  fault(fault: Omit<Fault, 'tool' | 'step' | 'callId'>): void {
    const { callId } = this
    this.#onFault({ ...fault, tool: this.invocation.tool, step: this.at, ...(callId !== undefined && { callId }) })
  }

  trace(): Trace {
    // Field by field: spreading what may be absent costs more than all else here.
    const trace: { -readonly [Key in keyof Trace]: Trace[Key] } = { tool: this.invocation.tool, steps: this.#steps }
    if (this.policyVersion !== undefined) trace.policyVersion = this.policyVersion
    if (this.approvalId !== undefined) trace.approvalId = this.approvalId
    if (this.#observe) trace.mode = 'observe'
    if (this.#audited !== undefined) {
      trace.callId = this.#audited.callId
      trace.startedAt = this.#audited.startedAt
    }
    return trace
  }

  /** The caller's abort and the total deadline in one. Made on first use: a warm call needs none. */
  get signal(): AbortSignal {
    return this.#current.signal
  }

  /** Ends as `work` does, or rejects at once when the deadline passes or the caller leaves. */
  bound<Result>(work: Promise<Result>): Promise<Result> {
    return this.#current.bound(work)
  }

  /** A person is waited for. */
  pauseDeadline(): void {
    this.#current.pause()
  }

  /** The machines get their full time again: a person was waited for. */
  restartDeadline(): void {
    this.#current.start()
  }

  /** Runs work of the guard in mid-body, with a deadline of its own. It ends with the last of such work. */
  async duringBody<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isEnded) this.#deadline = undefined
    this.#isEnded = false
    this.#worksDuringBody++
    this.#current.start()
    try {
      return await work()
    } finally {
      if (--this.#worksDuringBody === 0) this.endDeadline()
    }
  }

  /** What comes before the body has ended: its deadline has nothing to say any more, and leaves the caller's signal. */
  endDeadline(): void {
    this.#deadline?.end()
    this.#isEnded = true
  }

  /** The call was answered while something was still under way: what comes of that is not part of it. */
  get isOver(): boolean {
    return this.#isOver
  }

  over(): void {
    this.#isOver = true
  }

  get #current(): Deadline {
    this.#deadline ??= new Deadline(this.#timeoutMs, this.invocation.signal)
    return this.#deadline
  }

  #note(
    step: StepName,
    verdict: TraceStep['verdict'],
    detail: string,
    explanations: readonly Explanation[] | undefined,
    stack?: string,
  ): void {
    if (this.#isOver) return
    const noted: { -readonly [Key in keyof TraceStep]: TraceStep[Key] } = { step, verdict, detail }
    if (explanations !== undefined) noted.explanations = explanations
    if (stack !== undefined) noted.stack = stack
    if (this.#audited !== undefined) noted.at = this.#audited.clock.now()
    this.#steps.push(noted)
  }
}
