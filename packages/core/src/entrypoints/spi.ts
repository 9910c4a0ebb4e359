// `@behalf/core/spi`: for authors of adapters, stores, channels, vaults, checkers and profiles.
// Types that a program names only by what takes or returns them are here too.

export {
  type AccessRule,
  type Actor,
  type ApprovalRule,
  type AuthorizationDetail,
  type Completed,
  type Denied,
  type ExemptionsNamed,
  type HeldResult,
  type Interrupted,
  type Jsonable,
  type JsonObject,
  type ModelWritten,
  type NeedsWithoutApproval,
  type NotJson,
  type Permission,
  type PermissionCall,
  type PermissionInput,
  type PreflightPassed,
  principalKey,
  type ReadInCall,
  type ResourceRoute,
  type ResourceRule,
  type ResultFor,
  type RevokeOptions,
  type RuleCall,
  type Rules,
  type StepName,
  type StepVerdict,
  type TraceStep,
  type Unavailable,
} from '../base/contract/index.ts'
export {
  type CredentialMisuse,
  type ErrorCode,
  type ErrorOptions,
  InvalidObjectError,
  InvalidResponseError,
  type InvalidResponseOptions,
  type InvalidTokenReason,
  type OAuthErrorFields,
  OAuthResponseError,
  type StepUp,
  StoreError,
  type StoreErrorReason,
  type TransportErrorOptions,
} from '../base/errors/index.ts'
export { type PutOptions, systemClock, tellApp, type Versioned } from '../base/ports/index.ts'
export type { MemoryStoreOptions } from '../base/stores/memory-store.ts'
export { authorizationServers, type ProfileOf } from '../caller/authorization-server/authorization-servers.ts'
export type { ClientAuthentication } from '../caller/authorization-server/client-authentication.ts'
export { connectAuthorizationServer } from '../caller/authorization-server/connect-authorization-server.ts'
export type {
  CibaProfile,
  ExchangeProfile,
  ProfileEndpoints,
  TargetParameter,
  TokenProfile,
} from '../caller/authorization-server/profile.ts'
export type * from '../caller/authorization-server/server.ts'
export type { SurroundingsOptions } from '../caller/authorization-server/surroundings.ts'
export { identityAround } from '../caller/identity/run-as.ts'
export { identityFault } from '../caller/identity/verified.ts'
export type { InboxOptions, ListOptions } from '../calls/guard/approval-inbox.ts'
export { atOnce, identityOfCall } from '../calls/guard/call-rule.ts'
export type { PolicyWarning } from '../calls/guard/check-policies.ts'
export { type Redactor, redactorOf } from '../calls/guard/current-call.ts'
export { type PoliciesOrTools, policiesOf, type ReadTool, readTools } from '../calls/guard/defined-tool.ts'
export type { AgentOptions, KeyMaterial, StoreKeys } from '../calls/guard/guard-options.ts'
export type { OperatorOptions } from '../calls/guard/operator.ts'
export { plainCopy } from '../calls/guard/parse.ts'
export type { PauseOptions, PauseState, Pauses, PausesFound, WaitingOptions } from '../calls/guard/pauses.ts'
export { findPauses } from '../calls/guard/pauses.ts'
export type { Readiness } from '../calls/guard/ready.ts'
export { denySentences, interruptSentences, toolFailedSentence } from '../calls/guard/sentences.ts'
export { type CallWithin, slotWithin } from '../calls/guard/slot-within.ts'
export { resultOf, shownError, type ToldOptions, tellError, tellFault } from '../calls/guard/tell-fault.ts'
export {
  isToolRefusal,
  refusalParts,
  type ToolAuthorizationCode,
  toolRefusal,
} from '../calls/guard/tool-authorization-error.ts'
export type { HiddenTool } from '../calls/guard/visible-tools.ts'
export { behindGuard, bodyOf, isGuarded, withPolicies } from '../calls/guard/with-policies.ts'
export { type ProofKey, type ProofRequest, Token } from '../rights/credential/index.ts'
export type { ExpectedActor } from '../rights/token-exchange/actors.ts'
export type { ExchangeTokenOptions } from '../rights/token-exchange/exchange-options.ts'
export { type ExchangedToken, exchangeToken } from '../rights/token-exchange/exchange-token.ts'
export type { ExemptibleResourceRule, ResourceOptions } from '../rights/token-exchange/resource.ts'
export type { TypedToken } from '../rights/token-exchange/wire.ts'
