// `@behalf/core/identity`: identities that come from the issuer: introspection, stored logins, and the agent's own
// identity.

export type * from '../identity/introspection.ts'
export { createIntrospection } from '../identity/introspection.ts'
export type { IdentityOf } from '../identity/present-user.ts'
export { type RequestAgentIdentityOptions, requestAgentIdentity } from '../identity/request-agent-identity.ts'
export { type SubjectToken, type SubjectTokenType, subjectTokenOf } from '../identity/subject-token.ts'
export type { VerifyAccessTokenOptions, VerifyTokenOptions } from '../identity/verify-access-token.ts'
export { type VerifyIdTokenOptions, verifyIdToken } from '../identity/verify-id-token.ts'
export type { VerifyRequestOptions } from '../identity/verify-request.ts'
export {
  requestTokenSource,
  type SubjectAnswer,
  type SubjectTokenSource,
} from '../identity/verify-request.ts'
export { type VerifyTokenResponseOptions, verifyTokenResponse } from '../identity/verify-token-response.ts'
export type { AuthorizationRefusal } from '../oauth/requests/authorization-response.ts'
export type * from '../sign-in/sessions.ts'
export { createSessions } from '../sign-in/sessions.ts'
export type * from '../sign-in/sign-in.ts'
export { createSignIn } from '../sign-in/sign-in.ts'
