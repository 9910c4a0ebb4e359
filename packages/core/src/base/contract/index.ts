export type { AccessRule, AccessRules, AccountChoice, ConnectionRule, ResourceRoute, ResourceRule } from './access.ts'
export type {
  ApprovalEvent,
  AuditEvent,
  AuditPrincipal,
  CallEvent,
  DelegationEvent,
  OperatorEvent,
  RawTokenEvent,
  TokenEvent,
} from './audit-event.ts'
export type { Call, Credential } from './call.ts'
export type { Fault } from './fault.ts'
export type { Actor, AgentIdentity, Identity, UserIdentity } from './identity.ts'
export type { Invocation, Slot } from './invocation.ts'
export type { Json, JsonObject } from './json.ts'
export type { Jsonable, NotJson, ResultFor } from './jsonable.ts'
export type {
  Completed,
  Denied,
  DenyCode,
  Interrupt,
  Interrupted,
  InterruptKind,
  Outcome,
  PreflightOutcome,
  PreflightPassed,
  Unavailable,
} from './outcome.ts'
export type { ContextValue, FgaObject, ModelWritten, Permission, PermissionInput } from './permission.ts'
export type {
  AccessOf,
  ApprovalRule,
  AuthorizationDetail,
  Effect,
  EffectOf,
  ExemptionsNamed,
  InputOf,
  NeedsWithoutApproval,
  PermissionCall,
  Policy,
  RuleCall,
  Rules,
} from './policy.ts'
export { isSamePrincipal, type Owner, ownerOf, type Principal, principalKey, type RevokeOptions } from './principal.ts'
export type { Explanation, StepName, StepVerdict, Trace, TraceStep } from './trace.ts'
