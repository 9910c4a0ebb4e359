export {
  type CredentialOptions,
  createCredential,
  type IssuedToken,
  type OpenCredential,
} from './create-credential.ts'
export type { ProofKey, ProofRequest } from './proof-key.ts'
export { createTextRedactor, redactTokenStream, type TextRedactor } from './redact-stream.ts'
export { redactTokens } from './redact-tokens.ts'
export { revealToken, Token } from './token.ts'
