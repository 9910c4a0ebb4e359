// `@behalf/core/audit`: where audit events go, and why a call ended as it did.
export type {
  ApprovalEvent,
  AuditPrincipal,
  CallEvent,
  DelegationEvent,
  OperatorEvent,
  RawTokenEvent,
  TokenEvent,
} from '../contract/index.ts'
export { explainOutcome } from '../telemetry/explain-outcome.ts'
export { type JsonLinesSinkOptions, jsonLinesSink, type LineWriter } from '../telemetry/json-lines-sink.ts'
