import { BehalfError } from './behalf-error.ts'

/** `currentIdentity()` or `currentCall()` was used outside a call. Run the code within `runAs` or a guarded tool. */
export class IdentityRequiredError extends BehalfError {
  override readonly name = 'IdentityRequiredError'
  readonly code = 'ERR_IDENTITY_REQUIRED'
}
