const TOKEN = /^(?:Bearer|DPoP) \S/i

/**
 * Whether a request that changes something comes from a page of the app itself.
 *
 * A browser says where a POST comes from (`Origin`, `Sec-Fetch-Site`), and a page cannot make it lie. A
 * client that sends neither is no browser, or an old one: it is let through only with a bearer or DPoP token.
 * Other schemes do not count: a browser adds `Basic` and `Negotiate` by itself.
 *
 * @param origins - Pages that may answer. `undefined`: those of the request's own origin.
 * @see {@link https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header | Fetch Metadata §2.3}
 */
export function isSameOrigin(request: Request, origins: readonly string[] | undefined): boolean {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  if (origin !== null && origins?.includes(origin) === true) return true
  if (site !== null && site !== 'same-origin') return false
  if (origin !== null) return origins === undefined && origin === new URL(request.url).origin
  return site === 'same-origin' ? origins === undefined : TOKEN.test(request.headers.get('authorization') ?? '')
}
