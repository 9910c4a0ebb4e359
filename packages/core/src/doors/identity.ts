// `@behalf/core/identity`: identities that the issuer is asked for: opaque tokens, and the agent's own.
export {
  createIntrospection,
  type IntrospectionOptions,
  type IntrospectOptions,
  type RequestAgentIdentityOptions,
  requestAgentIdentity,
  type TokenIntrospection,
} from '../identity/index.ts'
