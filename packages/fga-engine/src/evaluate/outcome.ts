import type { FgaError } from '../errors/index.ts'

/** Kind of an evaluation's step. */
export type ExplanationStep =
  /** A relation of an object. */
  | 'relation'
  /** Tuples of the relation itself. */
  | 'direct'
  /** One tuple. */
  | 'tuple'
  /** Another relation of the same object. */
  | 'computed'
  /** The user has the relation to an object that another relation names (OpenFGA's tuple to userset). */
  | 'from'
  | 'union'
  | 'intersection'
  | 'exclusion'

/** Explanation of an answer: a tree, from the question down to the tuples that decided. */
export interface Explanation {
  /** Kind of this step. */
  readonly step: ExplanationStep
  /** Subject in OpenFGA's notation: `document:1#viewer`, or the tuple. */
  readonly subject: string
  /** `cycle`: the evaluation returned to a question that is still open, so this path cannot allow. */
  readonly verdict: 'allowed' | 'denied' | 'cycle' | 'error'
  /** Reason in words, if the steps below did not decide. */
  readonly reason?: string
  /** Steps that were taken, up to the step that decided. */
  readonly children: readonly Explanation[]
}

/** Result of an evaluation. Errors are values: a yes beside them wins. Internal. */
export interface Outcome {
  readonly allowed: boolean
  readonly cycle: boolean
  readonly error?: FgaError
  readonly why?: Explanation
}

export const ALLOWED: Outcome = Object.freeze({ allowed: true, cycle: false })
export const DENIED: Outcome = Object.freeze({ allowed: false, cycle: false })
export const CYCLE: Outcome = Object.freeze({ allowed: false, cycle: true })
export const failed = (error: FgaError): Outcome => ({ allowed: false, cycle: false, error })

/** Adds an explanation to an outcome, if the caller asked for explanations. */
export function because(
  outcome: Outcome,
  step: ExplanationStep,
  subject: string,
  {
    reason,
    children = [],
  }: { readonly reason?: string; readonly children?: readonly (Explanation | undefined)[] } = {},
): Outcome {
  const verdict =
    outcome.error !== undefined ? 'error' : outcome.allowed ? 'allowed' : outcome.cycle ? 'cycle' : 'denied'
  const told = reason ?? (children.length === 0 ? outcome.error?.message : undefined)
  const why: Explanation = {
    step,
    subject,
    verdict,
    ...(told !== undefined && { reason: told }),
    children: children.filter((child) => child !== undefined),
  }
  return { ...outcome, why }
}

/** Union under evaluation: any yes wins; without one, an error is the answer; otherwise no, with or without a cycle. */
export class AnyOf {
  #error: FgaError | undefined
  #cycle = false
  #winner: Outcome | undefined
  /** Explanations of the added parts. */
  readonly children: (Explanation | undefined)[] = []

  /** @returns whether the answer is yes, and nothing more need be asked */
  take(outcome: Outcome): boolean {
    this.children.push(outcome.why)
    if (outcome.allowed) this.#winner = ALLOWED
    else if (outcome.error !== undefined) this.#error = outcome.error
    else if (outcome.cycle) this.#cycle = true
    return outcome.allowed
  }

  outcome(): Outcome {
    if (this.#winner !== undefined) return this.#winner
    if (this.#error !== undefined) return failed(this.#error)
    return this.#cycle ? CYCLE : DENIED
  }
}
