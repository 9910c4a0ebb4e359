export {
  type CredentialOptions,
  createCredential,
  type IssuedToken,
  type OpenCredential,
} from './create-credential.ts'
export { IdempotencyKeys, idempotencyHeaderName } from './idempotency-header.ts'
export type { ProofKey, ProofRequest } from './proof-key.ts'
export { redactError } from './redact-error.ts'
export { type FlowEnd, isFlow, redactFlow } from './redact-flow.ts'
export { createTextRedactor, redactTokenStream } from './redact-stream.ts'
export { redactTokens } from './redact-tokens.ts'
export { revealToken, Token } from './token.ts'
