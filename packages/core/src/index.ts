// approvals
export type { ApprovalChannel, ApprovalChannels, StoreKeys } from './approvals/index.ts'
// authorization-server
export {
  type AuthorizationServer,
  type AuthorizationServers,
  allowInsecureLoopback,
  authorizationServers,
  type BackchannelAcknowledgement,
  type CibaProfile,
  type ClientAuthentication,
  connectAuthorizationServer,
  type DeviceAuthorization,
  type ExchangeProfile,
  type GrantOptions,
  type GrantParameters,
  type IntrospectionResponse,
  type Profile,
  type ProfileEndpoints,
  type ProfileOf,
  type ReceivedTokens,
  type RequestOptions,
  type RevokeTokenOptions,
  type ServerEndpoints,
  type Surroundings,
  type SurroundingsOptions,
  type TargetParameter,
  type TokenProfile,
  type TokenResponse,
  type VerifiedJwt,
  type VerifyJwtOptions,
} from './authorization-server/index.ts'
// contract
export {
  type AccessOf,
  type AccessRule,
  type AccessRules,
  type AccountChoice,
  type Actor,
  type AgentIdentity,
  type ApprovalEvent,
  type ApprovalRule,
  type Approver,
  type AuditEvent,
  type AuditPrincipal,
  type AuthorizationDetail,
  type Call,
  type CallEvent,
  type ConnectionRule,
  type ContextValue,
  type Credential,
  type DelegationEvent,
  type Denied,
  type DenyCode,
  type Done,
  type Effect,
  type EffectOf,
  type ExemptionsNamed,
  type Explanation,
  type Fault,
  type FgaObject,
  type Identity,
  type InputOf,
  type Interrupt,
  type Interrupted,
  type InterruptKind,
  type Invocation,
  type Json,
  type Jsonable,
  type JsonObject,
  type ModelWritten,
  type NotJson,
  type OperatorEvent,
  type Outcome,
  type Owner,
  type Permission,
  type PermissionCall,
  type PermissionInput,
  type Policy,
  type PreflightOutcome,
  type Principal,
  principalKey,
  type RawTokenEvent,
  type Ready,
  type ResourceRoute,
  type ResourceRule,
  type ResultFor,
  type RuleCall,
  type Rules,
  type Slot,
  type StepName,
  type StepVerdict,
  type TokenEvent,
  type Trace,
  type TraceStep,
  type Unavailable,
  type UserIdentity,
} from './contract/index.ts'
// credential
export { type ProofKey, type ProofRequest, Token } from './credential/index.ts'
// display
export { type DisplayText, displayText } from './display/display-text.ts'
// errors
export {
  type AnyBehalfError,
  BehalfError,
  ConfigurationError,
  type CredentialMisuse,
  CredentialMisuseError,
  DelegationError,
  type DelegationRefusal,
  type ErrorCode,
  type ErrorOptions,
  HadNoEffect,
  IdentityRequiredError,
  InvalidObjectError,
  InvalidResponseError,
  type InvalidResponseOptions,
  InvalidTokenError,
  type InvalidTokenReason,
  type OAuthErrorFields,
  OAuthResponseError,
  type StepUp,
  StepUpRequiredError,
  StoreError,
  type StoreErrorReason,
  TransportError,
  type TransportErrorOptions,
} from './errors/index.ts'
// fga
// From their files where the room's face would load the whole room: what asks a server has a door of its own.
export type { AccessCheck, AccessChecker, AccessDecision, AccessQuestion } from './fga/access-checker.ts'
export { type MayOptions, may } from './fga/may.ts'
export { object, type UserOf } from './fga/object.ts'
export type { ApprovalInbox, InboxOptions, ListOptions } from './guard/approval-inbox.ts'
export type { ApprovalView, ApproverView } from './guard/approval-view.ts'
export type { PolicyWarning } from './guard/check-policies.ts'
export { createGuard } from './guard/create-guard.ts'
export { currentCall } from './guard/current-call.ts'
export { defineTool } from './guard/define-tool.ts'
export type { DefinedTool, ToolCall } from './guard/defined-tool.ts'
export type { Guard, GuardWithDelegations } from './guard/guard.ts'
// guard
export type { AgentOptions, GuardKeys, GuardOptions, KeyMaterial } from './guard/guard-options.ts'
export type { Operator, OperatorOptions } from './guard/operator.ts'
export { parseInterrupt } from './guard/parse-interrupt.ts'
export { policy, publicTool } from './guard/policy.ts'
export type { Readiness } from './guard/ready.ts'
export type { Revocation } from './guard/revoke.ts'
export { type ToolAuthorizationCode, ToolAuthorizationError } from './guard/tool-authorization-error.ts'
export type { HiddenTool, VisibleTools } from './guard/visible-tools.ts'
// identity
export {
  currentIdentity,
  detached,
  type IdentityOf,
  runAs,
  type SubjectToken,
  type SubjectTokenType,
  subjectTokenOf,
  type VerifyAccessTokenOptions,
  type VerifyIdTokenOptions,
  type VerifyRequestOptions,
  type VerifyTokenOptions,
  type VerifyTokenResponseOptions,
  verifyAccessToken,
  verifyIdToken,
  verifyRequest,
  verifyTokenResponse,
} from './identity/index.ts'
// ports
export {
  type AuditSink,
  type Clock,
  type Fetch,
  type PutOptions,
  type Store,
  systemClock,
  type Versioned,
} from './ports/index.ts'
// revocation
export type { RevokeOptions } from './revocation/index.ts'
export { type RoleMapOptions, roleMap, type ScopesByRole } from './roles/map-roles.ts'
// roles
export type { RoleClaim } from './roles/role-claims.ts'
export type { RoleMap } from './roles/role-map.ts'
// stores
export { type MemoryStoreOptions, memoryStore } from './stores/memory-store.ts'
export type { ExpectedActor } from './token-exchange/actors.ts'
export type { ExchangeTokenOptions } from './token-exchange/exchange-options.ts'
// token-exchange
export { type ExchangedToken, exchangeToken } from './token-exchange/exchange-token.ts'
export { type ExemptibleResourceRule, type ResourceOptions, resource } from './token-exchange/resource.ts'
export type { TypedToken } from './token-exchange/wire.ts'
// vault
export { type ConnectionOptions, connection, type ExemptibleConnectionRule } from './vault/connection.ts'
export type { ChangedConnection, Vault, VaultAnswer, VaultContext, VaultRequest } from './vault/vault.ts'
