export { BehalfError, type ErrorCode, type ErrorOptions } from './behalf-error.ts'
export type * from './errors.ts'
export {
  ApprovalAnswerError,
  ConfigurationError,
  CredentialMisuseError,
  DelegationError,
  IdentityRequiredError,
  InvalidObjectError,
  InvalidResponseError,
  InvalidTokenError,
  OAuthResponseError,
  StepUpRequiredError,
  StoreError,
  TransportError,
} from './errors.ts'
export { HadNoEffect } from './first-call.ts'
