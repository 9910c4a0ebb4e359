// approvals
export type {
  Answer,
  ApprovalChannel,
  ApprovalQuestion,
  Asked,
  ChannelContext,
} from './approvals/index.ts'
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
  type ExchangeProfile,
  type GrantParameters,
  type Profile,
  type ProfileOf,
  type RequestOptions,
  type Surroundings,
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
  Denied,
  DenyCode,
  Done,
  Effect,
  ExemptionsNamed,
  Explanation,
  FgaObject,
  Identity,
  InputOf,
  Interrupt,
  Interrupted,
  InterruptKind,
  Invocation,
  Json,
  JsonObject,
  Outcome,
  Permission,
  PermissionCall,
  Policy,
  PreflightOutcome,
  RawTokenEvent,
  Ready,
  ResourceRule,
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
// credential
export { Token } from './credential/index.ts'
// errors
export {
  type AnyBehalfError,
  BehalfError,
  ConfigurationError,
  type CredentialMisuse,
  CredentialMisuseError,
  type ErrorCode,
  type ErrorOptions,
  IdentityRequiredError,
  InvalidObjectError,
  InvalidResponseError,
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
export {
  type AccessCheck,
  type AccessChecker,
  type AccessDecision,
  type AccessQuestion,
  type MayOptions,
  may,
  object,
  type UserOf,
} from './fga/index.ts'
// guard
export {
  type AgentOptions,
  type ApprovalInbox,
  type ApprovalView,
  createGuard,
  currentCall,
  denySentences,
  type Guard,
  type GuardKeys,
  type GuardOptions,
  type HiddenTool,
  type KeyMaterial,
  policy,
  publicTool,
  type VisibleTools,
} from './guard/index.ts'
// identity
export {
  currentIdentity,
  runAs,
  type SubjectToken,
  type SubjectTokenType,
  type VerifyAccessTokenOptions,
  type VerifyIdTokenOptions,
  type VerifyTokenOptions,
  verifyAccessToken,
  verifyIdToken,
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
export {
  type ConnectionOptions,
  connection,
  type ExemptibleConnectionRule,
  type Vault,
  type VaultAnswer,
  type VaultContext,
  type VaultRequest,
} from './vault/index.ts'
