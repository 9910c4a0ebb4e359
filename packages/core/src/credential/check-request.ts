import { CredentialMisuseError } from '../errors/index.ts'

type Input = string | URL | Request

/** A request that may carry the credential, taken apart. */
export interface CheckedRequest {
  /** What to hand to `fetch`: the request or the address that was compared. */
  readonly input: string | Request
  readonly headers: Headers
  /** The same request can be sent a second time. */
  readonly replayable: boolean
}

/**
 * Lets a request pass only to one of `origins`, and only without an `Authorization` of its own (I6).
 *
 * An address is read once, by the URL parser that `fetch` uses too, and sent as it was read; so user
 * names, backslashes, case, ports and missing schemes cannot make the two disagree.
 */
export function checkRequest(
  name: string,
  origins: readonly string[],
  input: Input,
  init: RequestInit,
): CheckedRequest {
  // A copy: `url` and `headers` of what came may be overridden, and `fetch` would not look at them.
  const request = input instanceof Request ? new Request(input) : undefined
  const address = request?.url ?? String(input)
  const url = URL.canParse(address) ? new URL(address) : undefined
  // `blob:` URLs have the origin of what made them, hence the look at the protocol too.
  const web = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === undefined || !web || url.username !== '' || url.password !== '' || !origins.includes(url.origin)) {
    const to = web && url !== undefined ? JSON.stringify(url.origin) : 'an address that is no absolute https URL'
    throw new CredentialMisuseError(
      'origin',
      `the credential ${name} does not go to ${to}, only to ${origins.join(', ')}`,
    )
  }
  const headers = new Headers(init.headers ?? request?.headers)
  if (headers.has('authorization') || request?.headers.has('authorization')) {
    throw new CredentialMisuseError(
      'authorization_header',
      `the credential ${name} sets Authorization itself; leave that header out`,
    )
  }
  // A server behind a shared front would get a request, and its token, that was meant for another.
  if (headers.has('host'))
    throw new CredentialMisuseError('origin', `the credential ${name} goes with no Host of your own`)
  return { input: request ?? url.href, headers, replayable: isReplayable(request, init.body) }
}

function isReplayable(request: Request | undefined, body: unknown): boolean {
  // Without a body of its own, `init` leaves the request's in place.
  if (body === undefined || body === null) return request === undefined || request.body === null
  return (
    typeof body === 'string' ||
    body instanceof URLSearchParams ||
    body instanceof FormData ||
    body instanceof Blob ||
    body instanceof ArrayBuffer ||
    ArrayBuffer.isView(body)
  )
}
