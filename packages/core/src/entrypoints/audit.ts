// `@behalf/core/audit`: where audit events go.
export type {
  ApprovalEvent,
  AuditPrincipal,
  CallEvent,
  DelegationEvent,
  OperatorEvent,
  RawTokenEvent,
  TokenEvent,
} from '../contract/index.ts'
export { type JsonLinesSinkOptions, jsonLinesSink, type LineWriter } from '../telemetry/json-lines-sink.ts'
