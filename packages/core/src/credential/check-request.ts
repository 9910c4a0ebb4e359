import { CredentialMisuseError } from '../base/errors/index.ts'

type Input = string | URL | Request

/** Parts of a request that may carry the credential. */
export interface CheckedRequest {
  /** Argument for `fetch`: the request or the address that was compared. */
  readonly input: string | Request
  readonly headers: Headers
  /** Method, as `fetch` will send it. */
  readonly method: string
  readonly url: string
  /** The same request can be sent a second time. */
  readonly replayable: boolean
}

/**
 * Lets a request pass only to one of `origins`, and only without its own `Authorization` or `DPoP` header (I6).
 *
 * The URL parser that `fetch` uses reads an address once, and the request goes to the address as read. So user names,
 * backslashes, case, ports and missing schemes cannot make the check and `fetch` disagree.
 */
export function checkRequest(
  name: string,
  origins: readonly string[],
  input: Input,
  init: RequestInit,
): CheckedRequest {
  // Copies the request: the caller may override `url` and `headers` of the object, and `fetch` would ignore that.
  const request = input instanceof Request ? new Request(input) : undefined
  const address = request?.url ?? String(input)
  const url = webUrlOf(address)
  if (url === undefined || url.username !== '' || url.password !== '' || !origins.includes(url.origin)) {
    const to = url === undefined ? 'an address that is no absolute https URL' : JSON.stringify(url.origin)
    throw new CredentialMisuseError(
      'origin',
      `the credential ${name} does not go to ${to}, only to ${origins.join(', ')}`,
    )
  }
  const headers = new Headers(init.headers ?? request?.headers)
  refuseOwnHeaders(name, headers)
  if (request !== undefined) refuseOwnHeaders(name, request.headers)
  return {
    input: request ?? url.href,
    headers,
    method: methodOf(init.method ?? request?.method ?? 'GET'),
    url: url.href,
    replayable: isReplayable(request, init.body),
  }
}

function refuseOwnHeaders(name: string, headers: Headers): void {
  const own = headers.has('authorization') ? 'Authorization' : headers.has('dpop') ? 'DPoP' : undefined
  if (own !== undefined) {
    throw new CredentialMisuseError(
      'authorization_header',
      `the credential ${name} sets ${own} itself; leave that header out`,
    )
  }
  // A server behind a shared front would get a request, and its token, that was meant for another.
  if (headers.has('host'))
    throw new CredentialMisuseError('origin', `the credential ${name} goes with no Host of your own`)
}

/** `fetch` changes these to capitals and leaves others unchanged; a proof names the method that is sent. */
const normalised = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']

function methodOf(method: string): string {
  const capitals = method.toUpperCase()
  return normalised.includes(capitals) ? capitals : method
}

function isReplayable(request: Request | undefined, body: unknown): boolean {
  // If `init` has no body, the request keeps its own.
  if (body === undefined || body === null) return request === undefined || request.body === null
  const kinds = [URLSearchParams, FormData, Blob, ArrayBuffer]
  return typeof body === 'string' || ArrayBuffer.isView(body) || kinds.some((kind) => body instanceof kind)
}

/**
 * Returns an absolute http or https URL. Refuses `blob:` URLs, although they have the origin of the page that made
 * them.
 */
function webUrlOf(address: string): URL | undefined {
  const url = URL.canParse(address) ? new URL(address) : undefined
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? url : undefined
}
