// `@behalf/core/resource-server`: the API's half.
export {
  type ActingParty,
  type ActorName,
  type ActorRules,
  type AuthenticationRules,
  createResourceServer,
  type DpopOptions,
  type Introspect,
  type IntrospectContext,
  type MetadataOptions,
  type Passed,
  type ProtectedRequest,
  type ProtectOptions,
  type Refused,
  type ResourceServer,
  type ResourceServerOptions,
  type Scheme,
} from '../resource-server/index.ts'
