import { BehalfError } from './behalf-error.ts'

/** How a credential was misused. */
export type CredentialMisuse = 'origin' | 'authorization_header' | 'call_ended'

/** A body used a credential for another origin, over its own `Authorization`, or after its call. Nothing was sent. */
export class CredentialMisuseError extends BehalfError {
  override readonly name = 'CredentialMisuseError'
  readonly code = 'ERR_CREDENTIAL_MISUSE'
  readonly reason: CredentialMisuse

  constructor(reason: CredentialMisuse, message: string) {
    super(message)
    this.reason = reason
  }
}
