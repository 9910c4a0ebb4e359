import { ConfigurationError } from '../base/errors/index.ts'
import { isLoopback } from '../base/values/index.ts'

/**
 * Cookie that binds an authorization request to the browser in which it began.
 *
 * `__Host-`: no subdomain can set or read it. `Lax`: the browser sends it with the server's redirect.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.7.1 | RFC 9700 §4.7.1}
 */
export interface BrowserCookie {
  readonly name: string
  readonly attributes: string
}

export function browserCookie(base: URL, name: string): BrowserCookie {
  // Plain http is loopback: there some browsers refuse `Secure`, and with it the prefix.
  return base.protocol === 'https:'
    ? { name: `__Host-${name}`, attributes: 'Path=/; Secure; HttpOnly; SameSite=Lax' }
    : { name, attributes: 'Path=/; HttpOnly; SameSite=Lax' }
}

export function setCookie({ name, attributes }: BrowserCookie, value: string, seconds: number): string {
  return `${name}=${value}; Max-Age=${seconds}; ${attributes}`
}

/**
 * Returns the cookie's value, or `undefined` if it is missing or present twice.
 *
 * Removes only spaces and tabs. `trim()` removes U+00A0 too, and browsers send that: to them, a name that begins with
 * it has no prefix, so any host of the domain can set it.
 */
export function readCookie(request: Request, { name }: BrowserCookie): string | undefined {
  const pairs = (request.headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.replace(/^[ \t]+|(?<![ \t])[ \t]+$/g, ''))
  const values = pairs.flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []))
  return values.length === 1 ? values[0] : undefined
}

/** Checks an address of the app, as its browsers see it. @throws ConfigurationError */
export function appUrl(option: string, given: unknown): URL {
  const url = typeof given === 'string' && URL.canParse(given) ? new URL(given) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url))
  if (url !== undefined && isSafe && url.username === '' && !/[?#]/.test(given as string)) return url
  throw new ConfigurationError(option, 'give the absolute https: URL as browsers see it, without query')
}

/** Printable ASCII without the backslash: a browser drops the other characters from a URL, or reads them as a slash. */
const plain = /^[!-[\]-~]+$/

/**
 * Returns the address to go back to, as path with query and fragment. `undefined` if it could lead to another origin.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.11 | RFC 9700 §4.11}
 */
export function localPath(given: string, base: URL): string | undefined {
  if (!given.startsWith('/') || given.startsWith('//') || !plain.test(given)) return undefined
  if (!URL.canParse(given, base.origin)) return undefined
  const url = new URL(given, base.origin)
  if (url.origin !== base.origin || url.pathname.startsWith('//')) return undefined
  return `${url.pathname}${url.search}${url.hash}`
}
