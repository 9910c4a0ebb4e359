export { checkBinding } from './check-binding.ts'
export { currentIdentity, runAs } from './run-as.ts'
export { type SubjectToken, type SubjectTokenType, subjectTokenOf } from './subject-token.ts'
export { admit, isVerified } from './verified.ts'
export {
  checkAudience,
  identityFromAccessToken,
  trustedServers,
  type VerifyAccessTokenOptions,
  type VerifyTokenOptions,
  verifyAccessToken,
} from './verify-access-token.ts'
export { type VerifyIdTokenOptions, verifyIdToken } from './verify-id-token.ts'
export { audienceOf, readAuthorizationDetails } from './wire.ts'
