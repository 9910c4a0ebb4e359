import { BehalfError, type ErrorOptions } from './behalf-error.ts'

/**
 * Why a delegation gives no identity. `unknown`: there is none of this id; `other_agent`: it was made for another
 * agent; `used_up`: as often as was agreed, for now; `login_required`: the issuer has ended the login behind it.
 */
export type DelegationRefusal = 'unknown' | 'other_agent' | 'revoked' | 'expired' | 'used_up' | 'login_required'

/** A job may not act: its delegation does not allow it (any more). Only the user can give another one. */
export class DelegationError extends BehalfError {
  override readonly name = 'DelegationError'
  readonly code = 'ERR_DELEGATION'
  readonly reason: DelegationRefusal

  constructor(reason: DelegationRefusal, message: string, options: ErrorOptions = {}) {
    super(message, options)
    this.reason = reason
  }
}
