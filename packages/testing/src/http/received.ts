import { Refusal } from './refusal.ts'

/** A request, read once. */
export interface Received {
  /** The request's method, such as `POST`. */
  readonly method: string
  /** The whole address, with the query. */
  readonly url: URL
  /** The headers as sent, credentials included. */
  readonly headers: Headers
  /** The parameters of the form, or of the query if there is no form. */
  readonly parameters: URLSearchParams
  /** The body as sent; empty without one. */
  readonly body: string
}

/** Reads a request whole. */
export async function receive(request: Request): Promise<Received> {
  const url = new URL(request.url)
  const body = request.body === null ? '' : await request.text()
  const isForm = (request.headers.get('content-type') ?? '').startsWith('application/x-www-form-urlencoded')
  return {
    method: request.method,
    url,
    headers: request.headers,
    parameters: isForm ? new URLSearchParams(body) : url.searchParams,
    body,
  }
}

/**
 * Returns a parameter that may occur only once; an empty value counts as absent.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-3.2 | RFC 6749 §3.2}
 */
export function optional(parameters: URLSearchParams, name: string): string | undefined {
  const values = parameters.getAll(name).filter((value) => value !== '')
  if (values.length > 1) throw new Refusal('invalid_request', `${name} is repeated`)
  return values[0]
}

/** Returns the same, and refuses the request with `invalid_request` if it is missing. */
export function required(parameters: URLSearchParams, name: string): string {
  const value = optional(parameters, name)
  if (value === undefined) throw new Refusal('invalid_request', `${name} is missing`)
  return value
}

/** A space-separated list, each item once. */
export function words(value: unknown): readonly string[] {
  return typeof value === 'string' ? [...new Set(value.split(' ').filter((word) => word !== ''))] : []
}
