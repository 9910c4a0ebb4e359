/** What a request says about who calls: a token, nothing at all, or something that cannot be right. */
export type BearerToken =
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed'; readonly description: string }

const bearer = /^bearer(?: +(.*))?$/i
/** `b64token` of RFC 6750 §2.1. */
const b64token = /^[A-Za-z0-9\-._~+/]+=*$/

/**
 * The bearer token of a request, from its `Authorization` header and from nowhere else.
 *
 * A token in the query is never taken (RFC 9700 §2.4); beside one in the header it makes the request
 * malformed, since a client must use one method only. A form body is not read.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6750#section-2 | RFC 6750 §2}
 */
export function readBearerToken(request: Request): BearerToken {
  const header = request.headers.get('authorization')
  const credentials = header === null ? null : bearer.exec(header.trim())
  if (credentials === null) return { kind: 'none' }
  if (new URL(request.url).searchParams.has('access_token')) {
    return { kind: 'malformed', description: 'The access token was sent in more than one way' }
  }
  const token = credentials[1] ?? ''
  // Several headers arrive joined by commas, which no token holds.
  if (!b64token.test(token))
    return { kind: 'malformed', description: 'The Authorization header holds no single bearer token' }
  return { kind: 'token', token }
}
