export { allowInsecureLoopback, type Profile } from './authorization-server/profile.ts'
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
} from './contract/index.ts'
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
} from './errors/index.ts'
export { may } from './fga/may.ts'
export { object } from './fga/object.ts'
export type { ApprovalInbox } from './guard/approval-inbox.ts'
export type { ApprovalView, ApproverView } from './guard/approval-view.ts'
export { createGuard } from './guard/create-guard.ts'
export { currentCall } from './guard/current-call.ts'
export { defineTool } from './guard/define-tool.ts'
export type { DefinedTool, ToolCall } from './guard/defined-tool.ts'
export type { Guard, GuardWithDelegations } from './guard/guard.ts'
export type { GuardOptions } from './guard/guard-options.ts'
export type { Operator } from './guard/operator.ts'
export { policy, publicTool } from './guard/policy.ts'
export type { Revocation } from './guard/revoke.ts'
export { ToolAuthorizationError } from './guard/tool-authorization-error.ts'
export type { VisibleTools } from './guard/visible-tools.ts'
export { currentIdentity, detached, runAs } from './identity/run-as.ts'
export { verifyAccessToken } from './identity/verify-access-token.ts'
export { verifyRequest } from './identity/verify-request.ts'
export type { AuditSink, Clock, Fetch, Store } from './ports/index.ts'
export { memoryStore } from './stores/memory-store.ts'
export { resource } from './token-exchange/resource.ts'
