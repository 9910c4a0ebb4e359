import type { Explanation, Identity, Invocation, Json, StepName, Trace, TraceStep } from '../contract/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { isVerified } from '../identity/verified.ts'
import type { Clock } from '../ports/index.ts'
import type { PolicyDefinition } from './policy-definition.ts'
import type { Stop } from './stop.ts'

/** One call on its way through the guard: what is known so far, and what was decided. */
export class Progress {
  readonly invocation: Invocation
  readonly definition: PolicyDefinition
  readonly identity: Identity | undefined
  /** Parsed and frozen; set by step 1. */
  input: Json = null
  /** Whether this call needs a question answered; set by the approval rule. */
  needsApproval = false
  policyVersion: string | undefined
  approvalId: string | undefined
  /** Epoch milliseconds of the last time that identity, roles and permission were checked. */
  checkedAt: number
  /** The step under way: where a fault belongs. */
  at: StepName = 'input'
  /** A person was waited for inside this call. */
  waited = false
  /** For each credential of the policy, in order: its token where the cache had one. Set once per call. */
  cached: readonly (IssuedToken | undefined)[] | undefined
  /** Something was asked over the network, so that time has passed since `checkedAt`. */
  suspended = false
  readonly #steps: TraceStep[] = []
  readonly #timeoutMs: number
  readonly #observe: boolean
  #signal: AbortSignal | undefined

  constructor(
    invocation: Invocation,
    definition: PolicyDefinition,
    { timeoutMs, clock, observe }: { readonly timeoutMs: number; readonly clock: Clock; readonly observe: boolean },
  ) {
    this.invocation = invocation
    this.definition = definition
    // A public tool takes anybody, and believes nobody: what no verification made is no identity (I1).
    this.identity = definition.isPublic && !isVerified(invocation.identity) ? undefined : invocation.identity
    this.checkedAt = clock.now()
    this.#timeoutMs = definition.rules.timeoutMs ?? timeoutMs
    this.#observe = observe
  }

  passed(step: StepName, detail: string, explanations?: readonly Explanation[]): void {
    this.#steps.push({ step, verdict: 'passed', detail, ...(explanations !== undefined && { explanations }) })
  }

  wouldDeny(step: StepName, detail: string, explanations?: readonly Explanation[]): void {
    this.#steps.push({ step, verdict: 'would_deny', detail, ...(explanations !== undefined && { explanations }) })
  }

  stopped(step: StepName, stop: Stop): Stop {
    const explanations = 'explanations' in stop ? stop.explanations : undefined
    this.#steps.push({
      step,
      verdict: stop.status,
      detail: stop.detail,
      ...(explanations !== undefined && { explanations }),
    })
    return stop
  }

  trace(): Trace {
    return {
      tool: this.invocation.tool,
      ...(this.policyVersion !== undefined && { policyVersion: this.policyVersion }),
      ...(this.approvalId !== undefined && { approvalId: this.approvalId }),
      ...(this.#observe && { mode: 'observe' as const }),
      steps: this.#steps,
    }
  }

  /** The caller's abort and the total deadline in one. Made on first use: a warm call needs none. */
  get signal(): AbortSignal {
    if (this.#signal === undefined) {
      const deadline = AbortSignal.timeout(this.#timeoutMs)
      const { signal } = this.invocation
      this.#signal = signal === undefined ? deadline : AbortSignal.any([signal, deadline])
    }
    return this.#signal
  }

  /** A person was waited for: the machines get their full time again. */
  restartDeadline(): void {
    this.#signal = undefined
  }
}
