import { sha256 } from '../../base/values/index.ts'

/**
 * Cookie that binds a connect flow to the browser in which it began.
 *
 * Each flow has its own, so that two tabs do not disturb each other. `__Host-`: no subdomain can set or read it. `Lax`:
 * the browser sends it with the provider's redirect.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9700#section-4.7.1 | RFC 9700 §4.7.1}
 */
export interface BrowserCookie {
  readonly name: string
  readonly attributes: string
}

export async function browserCookie(base: URL, state: string): Promise<BrowserCookie> {
  const isSecure = base.protocol === 'https:'
  const name = `behalf-connect-${(await sha256(state)).slice(0, 16)}`
  // Plain http is loopback: there some browsers refuse `Secure`, and with it the prefix.
  return isSecure
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
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.replace(/^[ \t]+|[ \t]+$/g, ''))
  const values = pairs.flatMap((pair) => (pair.startsWith(`${name}=`) ? [pair.slice(name.length + 1)] : []))
  return values.length === 1 ? values[0] : undefined
}
