import { BehalfError, type ErrorOptions } from './behalf-error.ts'

/** Why a token does not verify. */
export type InvalidTokenReason =
  | 'malformed'
  | 'too_large'
  | 'algorithm'
  | 'type'
  | 'signature'
  /** The issuer has no key that fits. A key that it published a moment ago may be missing. */
  | 'unknown_key'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'subject'
  | 'claims'
  | 'actor'
  | 'binding'
  | 'inactive'

/** A token that does not verify. Get a new one; the same token will not pass later. */
export class InvalidTokenError extends BehalfError {
  override readonly name = 'InvalidTokenError'
  readonly code = 'ERR_INVALID_TOKEN'
  readonly reason: InvalidTokenReason

  constructor(reason: InvalidTokenReason, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.reason = reason
  }
}
