// `@behalf/core/audit`: where audit events go.
export { type JsonLinesSinkOptions, jsonLinesSink, type LineWriter } from '../telemetry/json-lines-sink.ts'
