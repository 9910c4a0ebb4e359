/** Cookies of the app: ids that mean nothing elsewhere. */
export type CookieName = 'session' | 'visitor'

/**
 * @returns The header's value: hidden from scripts, not sent with requests of other sites, and only over TLS if the app
 *   uses TLS.
 */
export function cookie(
  name: CookieName,
  value: string,
  { origin, seconds }: { origin: string; seconds: number },
): string {
  const parts = [`${cookieName(name, origin)}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax', `Max-Age=${seconds}`]
  return [...parts, ...(origin.startsWith('https:') ? ['Secure'] : [])].join('; ')
}

/**
 * Reads a cookie of the app.
 * @returns `undefined` if it is missing, empty, or present twice: an attacker set one of the two, and the app cannot
 *   tell which.
 */
export function readCookie(request: Pick<Request, 'headers'>, name: CookieName, origin: string): string | undefined {
  const found = readCookies(request, name, origin)
  return found.length === 1 ? found[0] || undefined : undefined
}

/** Returns all values under one name, to end the sessions that they open. */
export function readCookies(
  { headers }: Pick<Request, 'headers'>,
  name: CookieName,
  origin: string,
): readonly string[] {
  const wanted = cookieName(name, origin)
  return (headers.get('cookie') ?? '').split(';').flatMap((part) => {
    const [before = '', ...after] = part.split('=')
    return trimmed(before) === wanted ? [trimmed(after.join('='))] : []
  })
}

/**
 * Removes spaces and tabs alone. `trim()` removes U+00A0 too, and browsers send that: a name that begins with it has no
 * prefix to them, so any host of the domain can set it.
 */
const trimmed = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, '')

/**
 * Returns the name of a cookie. With `__Host-`, no other host of the domain can set it, and browsers accept it only
 * over TLS.
 */
const cookieName = (name: CookieName, origin: string) => (origin.startsWith('https:') ? `__Host-${name}` : name)
