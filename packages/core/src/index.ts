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
export type {
  AccessOf,
  AccessRule,
  AccessRules,
  AccountChoice,
  Actor,
  AgentIdentity,
  ApprovalEvent,
  ApprovalRule,
  Approver,
  AuditEvent,
  AuditPrincipal,
  AuthorizationDetail,
  Call,
  CallEvent,
  ConnectionRule,
  ContextValue,
  Credential,
  DelegationEvent,
  Denied,
  DenyCode,
  Done,
  Effect,
  EffectOf,
  ExemptionsNamed,
  Explanation,
  Fault,
  FgaObject,
  Identity,
  InputOf,
  Interrupt,
  Interrupted,
  InterruptKind,
  Invocation,
  Json,
  Jsonable,
  JsonObject,
  ModelWritten,
  NotJson,
  OperatorEvent,
  Outcome,
  Owner,
  Permission,
  PermissionCall,
  PermissionInput,
  Policy,
  PreflightOutcome,
  Principal,
  RawTokenEvent,
  Ready,
  ResourceRoute,
  ResourceRule,
  ResultFor,
  RuleCall,
  Rules,
  Slot,
  StepName,
  StepVerdict,
  TokenEvent,
  Trace,
  TraceStep,
  Unavailable,
  UserIdentity,
} from './contract/index.ts'
export { principalKey } from './contract/index.ts'
// credential
export { type ProofKey, type ProofRequest, Token } from './credential/index.ts'
// display
export { type DisplayText, displayText } from './display/index.ts'
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
export type { UserOf } from './fga/object.ts'
export { object } from './fga/object.ts'
// guard
export {
  type AgentOptions,
  type ApprovalInbox,
  type ApprovalView,
  type ApproverView,
  createGuard,
  currentCall,
  type DefinedTool,
  defineTool,
  type Guard,
  type GuardKeys,
  type GuardOptions,
  type GuardWithDelegations,
  type HiddenTool,
  type InboxOptions,
  type KeyMaterial,
  type ListOptions,
  type Operator,
  type OperatorOptions,
  type PolicyWarning,
  parseInterrupt,
  policy,
  publicTool,
  type Readiness,
  type Revocation,
  type ToolAuthorizationCode,
  ToolAuthorizationError,
  type ToolCall,
  type VisibleTools,
} from './guard/index.ts'
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
// roles
export {
  type RoleClaim,
  type RoleMap,
  type RoleMapOptions,
  roleMap,
  type ScopesByRole,
} from './roles/index.ts'
// stores
export {
  type MemoryStoreOptions,
  memoryStore,
} from './stores/index.ts'
// token-exchange
export {
  type ExchangedToken,
  type ExchangeTokenOptions,
  type ExemptibleResourceRule,
  type ExpectedActor,
  exchangeToken,
  type ResourceOptions,
  resource,
  type TypedToken,
} from './token-exchange/index.ts'
// vault
export { type ConnectionOptions, connection, type ExemptibleConnectionRule } from './vault/connection.ts'
export type { ChangedConnection, Vault, VaultAnswer, VaultContext, VaultRequest } from './vault/vault.ts'
