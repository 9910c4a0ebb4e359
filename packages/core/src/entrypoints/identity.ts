// `@behalf/core/identity`: identities that the issuer is asked for: opaque tokens, kept logins, and the agent's own.

export type { IdentityOf } from '../identity/identity-of.ts'
export type * from '../identity/introspection.ts'
export { createIntrospection } from '../identity/introspection.ts'
export { type RequestAgentIdentityOptions, requestAgentIdentity } from '../identity/request-agent-identity.ts'
export type * from '../identity/sessions.ts'
export { createSessions } from '../identity/sessions.ts'
export { type SubjectToken, type SubjectTokenType, subjectTokenOf } from '../identity/subject-token.ts'
export { requestTokenSource, type SubjectAnswer, type SubjectTokenSource } from '../identity/subject-token-source.ts'
export type { VerifyAccessTokenOptions, VerifyTokenOptions } from '../identity/verify-access-token.ts'
export { type VerifyIdTokenOptions, verifyIdToken } from '../identity/verify-id-token.ts'
export type { VerifyRequestOptions } from '../identity/verify-request.ts'
export { type VerifyTokenResponseOptions, verifyTokenResponse } from '../identity/verify-token-response.ts'
