// `@behalf/core/audit`: where audit events go, and why a call ended as it did.
export type * from '../base/contract/audit-event.ts'
export { explainOutcome } from '../base/telemetry/explain-outcome.ts'
export { type JsonLinesSinkOptions, jsonLinesSink, type LineWriter } from '../base/telemetry/json-lines-sink.ts'
