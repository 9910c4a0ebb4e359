import { BehalfError } from './behalf-error.ts'

/** How a credential was misused. */
export type CredentialMisuse = 'origin' | 'authorization_header' | 'call_ended' | 'other_identity'

/**
 * A body used a credential for another origin, over its own `Authorization`, after its call, or while the current
 * identity is another principal's. Nothing was sent.
 */
export class CredentialMisuseError extends BehalfError {
  override readonly name = 'CredentialMisuseError'
  readonly code = 'ERR_CREDENTIAL_MISUSE'
  readonly reason: CredentialMisuse

  constructor(reason: CredentialMisuse, message: string) {
    super(message)
    this.reason = reason
  }
}
