// `@behalf/core/spi`: for authors of adapters, stores, channels, vaults, checkers and profiles.
// Types that a program names only by what takes or returns them are here too.

export { authorizationServers, type ProfileOf } from '../authorization-server/authorization-servers.ts'
export type { ClientAuthentication } from '../authorization-server/client-authentication.ts'
export { connectAuthorizationServer } from '../authorization-server/connect-authorization-server.ts'
export type {
  CibaProfile,
  ExchangeProfile,
  ProfileEndpoints,
  TargetParameter,
  TokenProfile,
} from '../authorization-server/profile.ts'
export type * from '../authorization-server/server.ts'
export type { SurroundingsOptions } from '../authorization-server/surroundings.ts'
export {
  type AccessRule,
  type Actor,
  type ApprovalRule,
  type AuthorizationDetail,
  type Completed,
  type Denied,
  type ExemptionsNamed,
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
} from '../contract/index.ts'
export { type ProofKey, type ProofRequest, Token } from '../credential/index.ts'
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
} from '../errors/index.ts'
export type { InboxOptions, ListOptions } from '../guard/approval-inbox.ts'
export type { PolicyWarning } from '../guard/check-policies.ts'
export { type PoliciesOrTools, policiesOf, type ReadTool, readTools } from '../guard/defined-tool.ts'
export type { AgentOptions, KeyMaterial, StoreKeys } from '../guard/guard-options.ts'
export type { OperatorOptions } from '../guard/operator.ts'
export { findPauses, type PauseOptions, type PauseState, type Pauses, type PausesFound } from '../guard/pauses.ts'
export { plainCopy } from '../guard/plain-copy.ts'
export type { Readiness } from '../guard/ready.ts'
export { type Redactor, redactorOf } from '../guard/redactor-of.ts'
export { denySentences, interruptSentences, toolFailedSentence } from '../guard/sentences.ts'
export { type CallWithin, slotWithin } from '../guard/slot-within.ts'
export { refusalParts, type ToolAuthorizationCode } from '../guard/tool-authorization-error.ts'
export type { HiddenTool } from '../guard/visible-tools.ts'
export { withPolicies } from '../guard/with-policies.ts'
export { type PutOptions, systemClock, tellApp, type Versioned } from '../ports/index.ts'
export type { MemoryStoreOptions } from '../stores/memory-store.ts'
export type { ExpectedActor } from '../token-exchange/actors.ts'
export type { ExchangeTokenOptions } from '../token-exchange/exchange-options.ts'
export { type ExchangedToken, exchangeToken } from '../token-exchange/exchange-token.ts'
export type { ExemptibleResourceRule, ResourceOptions } from '../token-exchange/resource.ts'
export type { TypedToken } from '../token-exchange/wire.ts'
