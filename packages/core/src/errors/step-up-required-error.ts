import { BehalfError } from './behalf-error.ts'

/** What an API asked for, from its challenge. */
export interface StepUp {
  readonly scopes?: readonly string[]
  readonly acrValues?: readonly string[]
  /** Seconds. */
  readonly maxAge?: number
}

/**
 * An API asked for more than the credential has: other scopes, or a stronger or newer login.
 * Let it pass through the body; the next preflight answers `step_up_required`.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9470#section-3 | RFC 9470 §3}
 */
export class StepUpRequiredError extends BehalfError {
  override readonly name = 'StepUpRequiredError'
  readonly code = 'ERR_STEP_UP_REQUIRED'
  readonly stepUp: StepUp
  /** Whose API asked: the credential, as the policy names it. Absent where a body made the error itself. */
  readonly credential?: string

  constructor(message: string, stepUp: StepUp, credential?: string) {
    super(message)
    this.stepUp = stepUp
    if (credential !== undefined) this.credential = credential
  }
}
