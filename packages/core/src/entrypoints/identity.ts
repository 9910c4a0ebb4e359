// `@behalf/core/identity`: identities that come from the issuer: introspection, stored logins, and the agent's own
// identity.

export type { AuthorizationRefusal } from '../caller/authorization-server/authorization-response.ts'
export type * from '../caller/identity/introspection.ts'
export { createIntrospection } from '../caller/identity/introspection.ts'
export type { IdentityOf } from '../caller/identity/present-user.ts'
export { type RequestAgentIdentityOptions, requestAgentIdentity } from '../caller/identity/request-agent-identity.ts'
export type * from '../caller/identity/sessions.ts'
export { createSessions } from '../caller/identity/sessions.ts'
export { createSignIn } from '../caller/identity/sign-in.ts'
export type * from '../caller/identity/sign-in-options.ts'
export { type SubjectToken, type SubjectTokenType, subjectTokenOf } from '../caller/identity/subject-token.ts'
export {
  requestTokenSource,
  type SubjectAnswer,
  type SubjectTokenSource,
} from '../caller/identity/subject-token-source.ts'
export type { VerifyAccessTokenOptions, VerifyTokenOptions } from '../caller/identity/verify-access-token.ts'
export { type VerifyIdTokenOptions, verifyIdToken } from '../caller/identity/verify-id-token.ts'
export type { VerifyRequestOptions } from '../caller/identity/verify-request.ts'
export { type VerifyTokenResponseOptions, verifyTokenResponse } from '../caller/identity/verify-token-response.ts'
