import { BehalfError, type ErrorOptions } from './behalf-error.ts'

/**
 * An answer to a question was not taken, and changed nothing. `unverified`: the channel does not vouch for it; `unknown`:
 * the channel asked no such question; `wrong_approver`: another person was asked; `late`: the question has ended;
 * `not_open`: it was answered, cancelled or replaced before.
 */
export class ApprovalAnswerError extends BehalfError {
  override readonly name = 'ApprovalAnswerError'
  readonly code = 'ERR_APPROVAL_ANSWER'
  readonly reason: 'unverified' | 'unknown' | 'wrong_approver' | 'late' | 'not_open'

  constructor(reason: ApprovalAnswerError['reason'], message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.reason = reason
  }
}
