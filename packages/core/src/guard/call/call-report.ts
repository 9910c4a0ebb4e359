import type {
  Explanation,
  Fault,
  Identity,
  Invocation,
  StepName,
  TokenEvent,
  Trace,
  TraceStep,
} from '../../base/contract/index.ts'
import type { Clock } from '../../base/ports.ts'
import { PrintedTrace } from '../../base/telemetry/explain-outcome.ts'
import { defined } from '../../base/values/index.ts'
import type { IssuedToken, Token } from '../../credential/index.ts'
import { subjectTokenOf } from '../../identity/subject-token.ts'
import { type Auditor, principalOf } from './auditor.ts'
import type { CachedTokens } from './call-credentials.ts'
import type { Refusal } from './refusal.ts'

/** Shared part of the reports of all calls of one guard. */
export interface Reporting {
  readonly auditor: Auditor
  /** Reports a fault. Never throws. */
  readonly onFault: (fault: Fault) => void
  /** Tools whose missing effect was reported. */
  readonly unnamed: Set<string>
  readonly observe: boolean
  readonly clock: Clock
}

/** A step that let the call pass. */
export interface Finding<Facts extends object = object> {
  /** Fields that the step adds to the call. */
  readonly facts: Facts
  /** Detail for the trace. Absent: the policy required nothing of this step, and the trace omits it. */
  readonly detail?: string
  readonly explanations?: readonly Explanation[] | undefined
  /** A denial that observe mode records and does not enforce (F5). */
  readonly wouldDeny?: true
}

/** Parts of a step that most steps do not have. */
type MoreOfStep = Pick<TraceStep, 'stack'> & { readonly explanations?: readonly Explanation[] | undefined }

export type Phase = 'preflight' | 'run'

type EndStatus = 'ready' | 'done' | 'replayed' | 'aborted' | 'threw' | Refusal['status']

/** The trace, the faults and the audit events of one call. */
export class CallReport {
  /** Current step. A fault names it. */
  at: StepName = 'input'
  policyVersion: string | undefined
  approvalId: string | undefined
  /** Tokens that the cache had for this call. */
  cached: CachedTokens = []
  readonly #invocation: Invocation
  readonly #reporting: Reporting
  /** Time at which the call arrived, in epoch milliseconds. */
  readonly startedAt: number
  readonly #steps: TraceStep[] = []
  /** Absent without an audit. */
  readonly #callId: string | undefined
  #isOver = false

  constructor(invocation: Invocation, reporting: Reporting, startedAt: number) {
    this.#invocation = invocation
    this.#reporting = reporting
    this.startedAt = startedAt
    this.#callId = reporting.auditor.isSilent ? undefined : crypto.randomUUID()
  }

  /** Writes to the trace that a step let the call pass, and returns the step's result. */
  took<Facts extends object>(step: StepName, found: Finding<Facts>): Facts {
    const { facts, detail, wouldDeny } = found
    if (detail !== undefined) this.#write(step, wouldDeny === true ? 'would_deny' : 'passed', detail, found)
    return facts
  }

  passed(step: StepName, detail: string): void {
    this.#write(step, 'passed', detail)
  }

  refused(step: StepName, refusal: Refusal): Refusal {
    this.#write(step, refusal.status, refusal.detail, refusal.status === 'denied' ? refusal : undefined)
    return refusal
  }

  /** Returns the tokens that a text for the operator must not hold. */
  secrets(): readonly Token[] {
    const { identity } = this.#invocation
    const subject = identity && subjectTokenOf(identity)
    const cached = this.cached.map((issued) => issued?.token)
    return [subject?.token, subject?.idToken, ...cached].filter((token) => token !== undefined)
  }

  /** Reports a fault in this call to the operator. */
  fault(fault: Omit<Fault, 'tool' | 'step' | 'callId'>): void {
    const callId = this.#callId
    const { tool } = this.#invocation
    this.#reporting.onFault({ ...fault, tool, step: this.at, ...defined({ callId }) })
  }

  /** Reports once for each tool that a policy without an effect, which is a read by default, let a request pass. */
  unnamed(request: string): void {
    const { tool } = this.#invocation
    const { unnamed } = this.#reporting
    if (unnamed.has(tool)) return
    unnamed.add(tool)
    const message = `${request}, and the policy names no effect: give 'write' if it changes something, or 'read'`
    this.at = 'access'
    this.passed('access', message)
    this.fault({ kind: 'effect_not_named', message })
  }

  trace(): Trace {
    // Assigned one by one: spreading optional fields costs more than everything else here.
    const trace: { -readonly [Key in keyof Trace]: Trace[Key] } = new PrintedTrace(this.#invocation.tool, this.#steps)
    if (this.policyVersion !== undefined) trace.policyVersion = this.policyVersion
    if (this.approvalId !== undefined) trace.approvalId = this.approvalId
    if (this.#reporting.observe) trace.mode = 'observe'
    if (this.#callId !== undefined) {
      trace.callId = this.#callId
      trace.startedAt = this.startedAt
    }
    return trace
  }

  /** Records the end of a call. A required audit waits for the sink before a body runs, and only then. */
  recordEnd(phase: Phase, status: EndStatus, code?: string): Promise<void> | undefined {
    const { auditor } = this.#reporting
    if (auditor.isSilent || this.#isOver) return undefined
    const trace = this.trace()
    const event = {
      type: 'call',
      phase,
      status,
      ...this.#named(),
      ...defined({ code }),
      // A call that continues adds steps. The event does not change.
      trace: { ...trace, steps: [...trace.steps] },
    } as const
    if (status === 'ready' && phase === 'run') return auditor.demand(event)
    auditor.note(event)
    return undefined
  }

  /** Records a token by audience, scopes and actor; never by its value. */
  recordToken(
    identity: Identity | undefined,
    token: Pick<TokenEvent, 'source' | 'audience' | 'startedAt'> & { readonly issued: IssuedToken },
  ): void {
    const { auditor } = this.#reporting
    if (auditor.isSilent) return
    const { source, audience, startedAt } = token
    const { actor, scopes, expiresAt } = token.issued
    auditor.note({
      type: 'token',
      ...this.#named(),
      source,
      audience,
      // A copy: the token may be cached.
      scopes: [...scopes],
      ...defined({ expiresAt, actor, startedAt }),
      ...(source !== 'vault' &&
        identity?.kind === 'user' && {
          semantics: actor === undefined ? ('impersonation' as const) : ('delegation' as const),
        }),
    })
  }

  /** Records that a body reads the raw token. A required audit waits for the sink. */
  recordRawToken(credential: string): Promise<void> {
    return this.#reporting.auditor.demand({ type: 'raw_token', ...this.#named(), credential })
  }

  /** Ends the report: the call was answered, and later events are not part of it. */
  over(): void {
    this.#isOver = true
  }

  #named() {
    const callId = this.#callId
    const { policyVersion, approvalId } = this
    return {
      tool: this.#invocation.tool,
      ...principalOf(this.#invocation.identity),
      ...defined({ callId, policyVersion, approvalId }),
    }
  }

  #write(step: StepName, verdict: TraceStep['verdict'], detail: string, more?: MoreOfStep): void {
    if (this.#isOver) return
    const written: { -readonly [Key in keyof TraceStep]: TraceStep[Key] } = { step, verdict, detail }
    if (more?.explanations !== undefined) written.explanations = more.explanations
    if (more?.stack !== undefined) written.stack = more.stack
    if (this.#callId !== undefined) written.at = this.#reporting.clock.now()
    this.#steps.push(written)
  }
}
