import type { ApprovalAnswerError } from './approval-answer-error.ts'
import type { ConfigurationError } from './configuration-error.ts'
import type { CredentialMisuseError } from './credential-misuse-error.ts'
import type { DelegationError } from './delegation-error.ts'
import type { HadNoEffect } from './had-no-effect-error.ts'
import type { IdentityRequiredError } from './identity-required-error.ts'
import type { InvalidObjectError } from './invalid-object-error.ts'
import type { InvalidResponseError } from './invalid-response-error.ts'
import type { InvalidTokenError } from './invalid-token-error.ts'
import type { OAuthResponseError } from './oauth-response-error.ts'
import type { StepUpRequiredError } from './step-up-required-error.ts'
import type { StoreError } from './store-error.ts'
import type { TransportError } from './transport-error.ts'

export { ApprovalAnswerError } from './approval-answer-error.ts'
export { BehalfError, type ErrorCode, type ErrorOptions } from './behalf-error.ts'
export { ConfigurationError } from './configuration-error.ts'
export { type CredentialMisuse, CredentialMisuseError } from './credential-misuse-error.ts'
export { DelegationError, type DelegationRefusal } from './delegation-error.ts'
export { HadNoEffect } from './had-no-effect-error.ts'
export { IdentityRequiredError } from './identity-required-error.ts'
export { InvalidObjectError } from './invalid-object-error.ts'
export { InvalidResponseError, type InvalidResponseOptions } from './invalid-response-error.ts'
export { InvalidTokenError, type InvalidTokenReason } from './invalid-token-error.ts'
export { type OAuthErrorFields, OAuthResponseError } from './oauth-response-error.ts'
export { type StepUp, StepUpRequiredError } from './step-up-required-error.ts'
export { StoreError, type StoreErrorReason } from './store-error.ts'
export { TransportError, type TransportErrorOptions } from './transport-error.ts'

/** Every fault, discriminated by `code`. */
export type AnyBehalfError =
  | ApprovalAnswerError
  | ConfigurationError
  | CredentialMisuseError
  | DelegationError
  | HadNoEffect
  | IdentityRequiredError
  | InvalidObjectError
  | InvalidResponseError
  | InvalidTokenError
  | OAuthResponseError
  | StepUpRequiredError
  | StoreError
  | TransportError
