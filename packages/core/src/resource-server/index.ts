export type { ActingParty, ActorName, ActorRules } from './actor-rules.ts'
export type { Passed } from './caller.ts'
export type { Refused, Scheme } from './challenge.ts'
export type { AuthenticationRules } from './check-authentication.ts'
export {
  type ApprovalGate,
  type ApprovalGateOptions,
  createApprovalGate,
  isApproved,
  type OrderContext,
  type OrderHandler,
  type OrderOptions,
} from './create-approval-gate.ts'
export {
  createResourceServer,
  type ProtectOptions,
  type ResourceServer,
  type ResourceServerOptions,
} from './create-resource-server.ts'
export type { DpopOptions } from './dpop-options.ts'
export type { ProtectedRequest } from './read-access-token.ts'
export type { MetadataOptions } from './resource-metadata.ts'
export type { Introspect, IntrospectContext } from './verify-caller.ts'
export { type ExpectedProof, type ProofVerdict, verifyProof } from './verify-proof.ts'
export { type NodeRequest, type NodeResponse, sendWebResponse, webRequest } from './web-request.ts'
