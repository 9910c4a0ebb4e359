import { BehalfError, type ErrorOptions } from './behalf-error.ts'

export type StoreErrorReason = 'unavailable' | 'corrupt' | 'unknown_version' | 'wrong_key'

/** The store did not answer (`unavailable`, worth another try), or holds what cannot be trusted. */
export class StoreError extends BehalfError {
  override readonly name = 'StoreError'
  readonly code = 'ERR_STORE'
  readonly reason: StoreErrorReason
  override readonly retryable: boolean

  constructor(reason: StoreErrorReason, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.reason = reason
    this.retryable = reason === 'unavailable'
  }
}
