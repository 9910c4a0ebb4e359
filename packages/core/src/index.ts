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
export type { AuditSink, Clock, Fetch, Store } from './base/ports.ts'
export { resource } from './guard/tools/resource.ts'
export { currentIdentity, detached, runAs } from './identity/run-as.ts'
export { verifyAccessToken } from './identity/verify-access-token.ts'
export { verifyRequest } from './identity/verify-request.ts'
export { allowInsecureLoopback, type Profile } from './oauth/profiles/profile.ts'
export { may } from './permissions/openfga/may.ts'
export { object } from './permissions/openfga/object.ts'
export { memoryStore } from './records/memory-store.ts'

// The guard stands on the others.

export { currentCall } from './guard/call/current-call.ts'
export { createGuard } from './guard/create-guard.ts'
export type { Guard, GuardWithDelegations } from './guard/guard.ts'
export type { GuardOptions } from './guard/guard-options.ts'
export type { ApprovalInbox, ApprovalView, ApproverView } from './guard/methods/approval-inbox.ts'
export type { Operator } from './guard/methods/operator.ts'
export type { Revocation } from './guard/methods/revoke-access.ts'
export type { VisibleTools } from './guard/methods/visible-tools.ts'
export type { DefinedTool, ToolCall } from './guard/tools/define-tool.ts'
export { defineTool } from './guard/tools/define-tool.ts'
export { policy, publicTool } from './guard/tools/policy.ts'
export { ToolAuthorizationError } from './guard/tools/tool-authorization-error.ts'
