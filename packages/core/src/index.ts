export type {
  AccessOf,
  AccessRules,
  AgentIdentity,
  AuditEvent,
  Call,
  Credential,
  DenyCode,
  Effect,
  EffectOf,
  Fault,
  FgaObject,
  Identity,
  InputOf,
  Interrupt,
  Invocation,
  Json,
  Outcome,
  Owner,
  Policy,
  PreflightOutcome,
  Principal,
  Slot,
  Trace,
  UserIdentity,
} from './base/contract/index.ts'
export {
  type AnyBehalfError,
  BehalfError,
  ConfigurationError,
  CredentialMisuseError,
  HadNoEffect,
  IdentityRequiredError,
  InvalidTokenError,
  StepUpRequiredError,
  TransportError,
} from './base/errors/index.ts'
export type { AuditSink, Clock, Fetch, Store } from './base/ports/index.ts'
export { memoryStore } from './base/stores/memory-store.ts'
export { allowInsecureLoopback, type Profile } from './caller/authorization-server/profile.ts'
export { currentIdentity, detached, runAs } from './caller/identity/run-as.ts'
export { verifyAccessToken } from './caller/identity/verify-access-token.ts'
export { verifyRequest } from './caller/identity/verify-request.ts'
export type { ApprovalInbox } from './calls/guard/approval-inbox.ts'
export type { ApprovalView, ApproverView } from './calls/guard/approval-view.ts'
export { createGuard } from './calls/guard/create-guard.ts'
export { currentCall } from './calls/guard/current-call.ts'
export { defineTool } from './calls/guard/define-tool.ts'
export type { DefinedTool, ToolCall } from './calls/guard/defined-tool.ts'
export type { Guard, GuardWithDelegations } from './calls/guard/guard.ts'
export type { GuardOptions } from './calls/guard/guard-options.ts'
export type { Operator } from './calls/guard/operator.ts'
export { policy, publicTool } from './calls/guard/policy.ts'
export type { Revocation } from './calls/guard/revoke.ts'
export { ToolAuthorizationError } from './calls/guard/tool-authorization-error.ts'
export type { VisibleTools } from './calls/guard/visible-tools.ts'
export { may } from './rights/fga/may.ts'
export { object } from './rights/fga/object.ts'
export { resource } from './rights/token-exchange/resource.ts'
