import type { Scheme } from './challenge.ts'

/** Parts of a request that are read. A `Request` has them all. */
export interface ProtectedRequest {
  /** Absolute URL of the request. */
  readonly url: string
  /** HTTP method. */
  readonly method: string
  /** Headers of the request. */
  readonly headers: Headers
  /** Aborts the verification. */
  readonly signal?: AbortSignal | undefined
}

/** Statement of a request about its caller: a token, nothing at all, or an invalid value. */
export type PresentedToken =
  | { readonly kind: 'token'; readonly scheme: Scheme; readonly token: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly scheme: Scheme; readonly description: string }

const credentials = /^(bearer|dpop)(?: +([^ ].*))?$/i
/** `b64token` of RFC 6750 §2.1, `token68` of RFC 9449 §7.1. */
const token68 = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * Reads the access token of a request, only from its `Authorization` header.
 *
 * Never accepts a token in the query (RFC 9700 §4.3.2). If the header has a token too, the request is malformed, since
 * a client must use only one method. Does not read a form body.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2 | RFC 6750 §2}
 */
export function readAccessToken(request: ProtectedRequest): PresentedToken {
  const header = request.headers.get('authorization')
  const found = header === null ? null : credentials.exec(header.trim())
  if (found === null) return { kind: 'none' }
  const scheme = found[1]?.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer'
  if (new URL(request.url).searchParams.has('access_token')) {
    return { kind: 'malformed', scheme, description: 'The access token was sent in more than one way' }
  }
  const token = found[2] ?? ''
  // Several headers arrive joined by commas, which no token holds.
  if (!token68.test(token)) {
    const description = `The Authorization header must contain one ${scheme === 'DPoP' ? 'DPoP' : 'bearer'} token`
    return { kind: 'malformed', scheme, description }
  }
  return { kind: 'token', scheme, token }
}
