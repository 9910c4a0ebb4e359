// `@behalf/core/telemetry`: spans for OpenTelemetry. Needs `@opentelemetry/api`.
export { type OpenTelemetrySinkOptions, openTelemetrySink } from '../telemetry/open-telemetry-sink.ts'
export { type TracedFetchOptions, tracedFetch } from '../telemetry/traced-fetch.ts'
