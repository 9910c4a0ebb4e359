import { BehalfError, type ErrorOptions } from './behalf-error.ts'

/**
 * `moved`: a value of another key was put in this one's place. `wrong_key`: sealed under a key that is not given.
 * `unclassified`: the store threw an error of its own. What was asked of it may have been done.
 */
export type StoreErrorReason = 'unavailable' | 'corrupt' | 'moved' | 'unknown_version' | 'wrong_key' | 'unclassified'

/** The store did not answer (`unavailable`, worth another try), failed, or holds what cannot be trusted. */
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
