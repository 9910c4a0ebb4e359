import type { Received } from './received.ts'

/** A request that a mocked server got. Holds no secret. */
export interface LoggedRequest {
  /** Name of the endpoint, as `fault` takes it. */
  readonly endpoint: string
  /** The request's method, such as `POST`. */
  readonly method: string
  /** URL without the query, whose parameters are in `parameters`. */
  readonly url: string
  /** Time of the request, in epoch milliseconds. */
  readonly at: number
  /**
   * Form or query parameters. A repeated one is a list. Secrets read `[redacted 1]`, `[redacted 2]`, …: the same number
   * is the same secret, so that a test can distinguish a rotated token from a repeated one.
   */
  readonly parameters: Readonly<Record<string, string | readonly string[]>>
  /** The body, if it is JSON. */
  readonly json?: unknown
  /** The `Authorization` scheme and the redacted credentials: `Bearer [redacted 3]`. */
  readonly authorization?: string
  /** The request's `Idempotency-Key` header. */
  readonly idempotencyKey?: string
}

const SECRETS: ReadonlySet<string> = new Set([
  'actor_token',
  'assertion',
  'auth_req_id',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'id_token_hint',
  'login_hint_token',
  'refresh_token',
  'request',
  'subject_token',
  'token',
])

/**
 * Maximum number of entries. A sandbox runs for days, and any program may send it requests: the oldest entries are
 * removed.
 */
const MAX_ENTRIES = 5_000
const MAX_SECRETS = 50_000
/** Maximum length of a logged body. A longer one is not logged: no client of ours sends one. */
const MAX_BODY = 32_768

/** Requests to the mocked servers, in order: the last 5,000. */
export class RequestLog {
  #entries: LoggedRequest[] = []
  #numbers = new Map<string, number>()
  #last = 0

  /** Logs a request with its secrets replaced. @param at - When it was received, epoch milliseconds. */
  add(endpoint: string, received: Received, at: number): void {
    const { method, url, headers } = received
    const idempotencyKey = headers.get('idempotency-key')
    const [scheme, credentials] = (headers.get('authorization') ?? '').split(' ', 2)
    this.#entries.push({
      endpoint,
      method,
      url: url.origin + url.pathname,
      at,
      ...(received.body.length > MAX_BODY
        ? { parameters: {} }
        : { parameters: this.#redacted(received.parameters), ...jsonOf(received) }),
      ...(scheme ? { authorization: `${scheme} ${this.#redact(credentials ?? '')}` } : {}),
      ...(idempotencyKey === null ? {} : { idempotencyKey }),
    })
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift()
  }

  /** Returns a copy of the log, oldest first. */
  entries(): readonly LoggedRequest[] {
    return [...this.#entries]
  }

  /** Empties the log. Numbers of redacted secrets start at 1 again. */
  clear(): void {
    this.#entries = []
    this.#numbers = new Map()
    this.#last = 0
  }

  #redacted(parameters: URLSearchParams): LoggedRequest['parameters'] {
    const names = [...new Set(parameters.keys())]
    return Object.fromEntries(
      names.map((name) => {
        const values = parameters.getAll(name).map((value) => (SECRETS.has(name) ? this.#redact(value) : value))
        return [name, values.length === 1 ? (values[0] as string) : values]
      }),
    )
  }

  #redact(secret: string): string {
    const known = this.#numbers.get(secret)
    if (known !== undefined) return `[redacted ${known}]`
    this.#last++
    const [oldest] = this.#numbers.keys()
    if (this.#numbers.size >= MAX_SECRETS && oldest !== undefined) this.#numbers.delete(oldest)
    this.#numbers.set(secret, this.#last)
    return `[redacted ${this.#last}]`
  }
}

function jsonOf({ headers, body }: Received): { readonly json?: unknown } {
  if (!(headers.get('content-type') ?? '').includes('json')) return {}
  try {
    return { json: JSON.parse(body) }
  } catch {
    return {}
  }
}
