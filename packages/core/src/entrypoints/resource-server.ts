// `@behalf/core/resource-server`: the API's half.
export { callerScopesOf } from '../guard/caller-scopes.ts'
export type { ActingParty, ActorName, ActorRules } from '../resource-server/actor-rules.ts'
export type { Passed } from '../resource-server/caller.ts'
export type { Refused, Scheme } from '../resource-server/challenge.ts'
export type { AuthenticationRules } from '../resource-server/check-authentication.ts'
export {
  type ApprovalGate,
  type ApprovalGateOptions,
  createApprovalGate,
  isApproved,
  type OrderContext,
  type OrderHandler,
  type OrderOptions,
} from '../resource-server/create-approval-gate.ts'
export {
  createResourceServer,
  type ProtectOptions,
  type ResourceServer,
  type ResourceServerOptions,
} from '../resource-server/create-resource-server.ts'
export type { DpopOptions } from '../resource-server/dpop-options.ts'
export type { ProtectedRequest } from '../resource-server/read-access-token.ts'
export type { MetadataOptions } from '../resource-server/resource-metadata.ts'
export type { Introspect, IntrospectContext } from '../resource-server/verify-caller.ts'
export { type NodeRequest, type NodeResponse, sendWebResponse, webRequest } from '../resource-server/web-request.ts'
