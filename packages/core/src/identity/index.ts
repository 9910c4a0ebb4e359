export { checkBinding } from './check-binding.ts'
export type { IdentityOf } from './identity-of.ts'
export {
  createIntrospection,
  type IntrospectionOptions,
  type IntrospectOptions,
  type TokenIntrospection,
} from './introspection.ts'
export {
  isAbsence,
  isPerson,
  type PresenceContext,
  type PresentUser,
  presenceIn,
  requirePresentUser,
  requireProofTime,
} from './present-user.ts'
export { renewLogin } from './renew-login.ts'
export { type RequestAgentIdentityOptions, requestAgentIdentity } from './request-agent-identity.ts'
export { currentIdentity, detached, runAs } from './run-as.ts'
export {
  identityOfLogin,
  isForAudience,
  type KeptLogin,
  keptLogin,
  type LoginContext,
  loginOfResponse,
  readKept,
} from './session-login.ts'
export {
  currentLogin,
  forgetAtServer,
  hasEnded,
  type LoginPlace,
  revokeTokens,
  withoutRenewal,
} from './session-renewal.ts'
export {
  type CreateSessionOptions,
  createSessions,
  type Sessions,
  type SessionsOptions,
  type SessionsPart,
} from './sessions.ts'
export {
  type SubjectToken,
  type SubjectTokenType,
  subjectTokenOf,
} from './subject-token.ts'
export { requestTokenSource, type SubjectAnswer, type SubjectTokenSource } from './subject-token-source.ts'
export { unlessRevoked } from './unless-revoked.ts'
export { admit, fieldsOf, isVerified, type VerifiedIdentity } from './verified.ts'
export {
  checkAudience,
  identityFromAccessToken,
  trustedServers,
  type VerifyAccessTokenOptions,
  type VerifyTokenOptions,
  verifyAccessToken,
} from './verify-access-token.ts'
export { type VerifyIdTokenOptions, verifyIdToken } from './verify-id-token.ts'
export { type VerifyRequestOptions, verifyRequest } from './verify-request.ts'
export { type VerifyTokenResponseOptions, verifyTokenResponse } from './verify-token-response.ts'
export { audienceOf, readAuthorizationDetails } from './wire.ts'
