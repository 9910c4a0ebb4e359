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
export { type PutOptions, systemClock, tellApp, type Versioned } from '../base/ports.ts'
export { type ProofKey, type ProofRequest, Token } from '../credential/index.ts'
export { atOnce, identityOfCall } from '../guard/call/call-rule.ts'
export { type Redactor, redactorOf } from '../guard/call/current-call.ts'
export { denySentences, interruptSentences, toolFailedSentence } from '../guard/call/refusal.ts'
export type { AgentOptions, KeyMaterial, StoreKeys } from '../guard/guard-options.ts'
export type { PauseOptions, PauseState, Pauses, PausesFound, WaitingOptions } from '../guard/interrupts/pauses.ts'
export { findPauses } from '../guard/interrupts/pauses.ts'
export type { InboxOptions, ListOptions } from '../guard/methods/approval-inbox.ts'
export type { OperatorOptions, Readiness } from '../guard/methods/operator.ts'
export type { HiddenTool } from '../guard/methods/visible-tools.ts'
export { plainCopy } from '../guard/steps/parse.ts'
export type { PolicyWarning } from '../guard/tools/check-policies.ts'
export { type PoliciesOrTools, policiesOf, type ReadTool, readTools } from '../guard/tools/define-tool.ts'
export type { ExemptibleResourceRule, ResourceOptions } from '../guard/tools/resource.ts'
export { type CallWithin, slotWithin } from '../guard/tools/slot-within.ts'
export { resultOf, shownError, type ToldOptions, tellError, tellFault } from '../guard/tools/tell-fault.ts'
export {
  isToolRefusal,
  refusalParts,
  type ToolAuthorizationCode,
  toolRefusal,
} from '../guard/tools/tool-authorization-error.ts'
export { behindGuard, bodyOf, isGuarded, withPolicies } from '../guard/tools/with-policies.ts'
export { identityAround } from '../identity/run-as.ts'
export { identityFault } from '../identity/verified.ts'
export { authorizationServers, type ProfileOf } from '../oauth/authorization-servers.ts'
export type { ClientAuthentication } from '../oauth/client/client-authentication-options.ts'
export { connectAuthorizationServer } from '../oauth/connect-authorization-server.ts'
export type {
  CibaProfile,
  ExchangeProfile,
  ProfileEndpoints,
  TargetParameter,
  TokenProfile,
} from '../oauth/profiles/profile.ts'
export type {
  AuthorizationServer,
  AuthorizationServers,
  BackchannelAcknowledgement,
  DeviceAuthorization,
  GrantOptions,
  GrantParameters,
  IntrospectionResponse,
  ReceivedTokens,
  RequestOptions,
  RevokeTokenOptions,
  ServerEndpoints,
  Surroundings,
  SurroundingsOptions,
  TokenResponse,
  VerifiedJwt,
  VerifyJwtOptions,
} from '../oauth/server.ts'
export type { MemoryStoreOptions } from '../records/memory-store.ts'
export type { ExpectedActor } from '../token-exchange/check-issued-token.ts'
export type { TypedToken } from '../token-exchange/exchange-request.ts'
export { type ExchangedToken, exchangeToken } from '../token-exchange/exchange-token.ts'
export type { ExchangeTokenOptions } from '../token-exchange/plan-exchange.ts'
