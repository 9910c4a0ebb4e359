// `@behalf/core/telemetry`: spans for OpenTelemetry. Needs `@opentelemetry/api`.
export { type OpenTelemetrySinkOptions, openTelemetrySink } from '../base/telemetry/open-telemetry-sink.ts'
export { type TracedFetchOptions, tracedFetch } from '../base/telemetry/traced-fetch.ts'
