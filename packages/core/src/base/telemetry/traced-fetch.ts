import { context, SpanKind, SpanStatusCode, type Tracer, trace } from '@opentelemetry/api'
import type { Fetch } from '../ports.ts'
import { refuseUnknownKeys } from '../values/options.ts'

/** Options of `tracedFetch`. */
export interface TracedFetchOptions {
  /** @default the global fetch */
  readonly fetch?: Fetch
  /** @default a tracer of the provider that the app registered with OpenTelemetry, named after this package */
  readonly tracer?: Tracer
}

/** Names of the grants in traces. */
const names: Readonly<Record<string, string>> = {
  'urn:ietf:params:oauth:grant-type:token-exchange': 'exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer': 'exchange',
  'urn:auth0:params:oauth:grant-type:token-exchange:federated-connection-access-token': 'vault',
  'urn:openid:params:grant-type:ciba': 'poll',
  'urn:ietf:params:oauth:grant-type:device_code': 'poll',
  refresh_token: 'refresh',
  authorization_code: 'login',
  client_credentials: 'client_credentials',
}

/**
 * Makes a `fetch` for `createGuard` and similar functions that creates a span for each request to a token endpoint:
 * exchanges, polls, refreshes. Other requests pass unchanged, since the app traces its own HTTP.
 *
 * A span has the kind of grant, the server's host and the status; no parameter, and nothing of the answer. The answer
 * "not yet" to a poll has status 400, and is no error.
 *
 * @throws ConfigurationError An option is unknown.
 */
export function tracedFetch(options: TracedFetchOptions = {}): Fetch {
  refuseUnknownKeys('tracedFetch', options, ['fetch', 'tracer'])
  const { tracer: given, fetch = (input, init) => globalThis.fetch(input, init) } = options
  return async (input, init) => {
    const grant = grantOf(init?.body)
    if (grant === undefined) return fetch(input, init)
    const name = Object.hasOwn(names, grant) ? names[grant] : 'grant'
    const tracer = given ?? trace.getTracer('@behalf/core')
    const { host } = new URL(input instanceof Request ? input.url : input)
    const attributes = { 'behalf.grant': name, 'server.address': host }
    const span = tracer.startSpan(`behalf.${name}`, { kind: SpanKind.CLIENT, attributes })
    try {
      const response = await context.with(trace.setSpan(context.active(), span), () => fetch(input, init))
      span.setAttribute('http.response.status_code', response.status)
      if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR })
      return response
    } catch (error) {
      // Records only the name: the runtime's message may contain anything.
      span.setAttribute('error.type', error instanceof Error ? error.name : typeof error)
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  }
}

function grantOf(body: unknown): string | undefined {
  return body instanceof URLSearchParams ? (body.get('grant_type') ?? undefined) : undefined
}
