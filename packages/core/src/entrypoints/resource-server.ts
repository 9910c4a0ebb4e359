// `@behalf/core/resource-server`: the API's half.
export { callerScopesOf } from '../calls/guard/caller-scopes.ts'
export type { ActingParty, ActorName, ActorRules } from '../calls/resource-server/actor-rules.ts'
export type { Refused, Scheme } from '../calls/resource-server/challenge.ts'
export type { AuthenticationRules } from '../calls/resource-server/check-authentication.ts'
export type * from '../calls/resource-server/create-approval-gate.ts'
export { createApprovalGate, isApproved } from '../calls/resource-server/create-approval-gate.ts'
export type * from '../calls/resource-server/create-resource-server.ts'
export { createResourceServer } from '../calls/resource-server/create-resource-server.ts'
export type { DpopOptions } from '../calls/resource-server/dpop-options.ts'
export type { ProtectedRequest } from '../calls/resource-server/read-access-token.ts'
export type { MetadataOptions } from '../calls/resource-server/resource-metadata.ts'
export type { Introspect, IntrospectContext, Passed } from '../calls/resource-server/verify-caller.ts'
export {
  type NodeRequest,
  type NodeResponse,
  sendWebResponse,
  webRequest,
} from '../calls/resource-server/web-request.ts'
