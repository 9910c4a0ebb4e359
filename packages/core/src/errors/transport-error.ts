import { BehalfError, type ErrorOptions } from './behalf-error.ts'

export interface TransportErrorOptions extends ErrorOptions {
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number
  /** HTTP status, where there was one. */
  readonly status?: number
}

/** No answer, or none that means anything: network fault, time-out, 429 or 5xx. Safe to try again later. */
export class TransportError extends BehalfError {
  override readonly name = 'TransportError'
  readonly code = 'ERR_TRANSPORT'
  override readonly retryable = true
  readonly retryAfter?: number
  readonly status?: number

  constructor(message: string, options: TransportErrorOptions = {}) {
    super(message, options)
    // Channels and stores of others throw this too: what is no number of seconds is no advice.
    const { retryAfter } = options
    if (retryAfter !== undefined && Number.isFinite(retryAfter) && retryAfter >= 0) this.retryAfter = retryAfter
    if (options.status !== undefined) this.status = options.status
  }
}
