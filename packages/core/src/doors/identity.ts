// `@behalf/core/identity`: identities that the issuer is asked for: opaque tokens, kept logins, and the agent's own.
export {
  type CreateSessionOptions,
  createIntrospection,
  createSessions,
  type IntrospectionOptions,
  type IntrospectOptions,
  type RequestAgentIdentityOptions,
  requestAgentIdentity,
  requestTokenSource,
  type Sessions,
  type SessionsOptions,
  type SessionsPart,
  type SubjectAnswer,
  type SubjectTokenSource,
  type TokenIntrospection,
} from '../identity/index.ts'
