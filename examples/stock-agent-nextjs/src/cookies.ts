/** What the app keeps in a browser: ids that mean nothing anywhere else. */
export type CookieName = 'session' | 'visitor' | 'login'

/** @returns the header's value: not for scripts, not for other sites' requests, and only over TLS where there is TLS */
export function cookie(
  name: CookieName,
  value: string,
  { origin, seconds }: { origin: string; seconds: number },
): string {
  const parts = [`${cookieName(name, origin)}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax', `Max-Age=${seconds}`]
  return [...parts, ...(origin.startsWith('https:') ? ['Secure'] : [])].join('; ')
}

export function readCookie(
  { headers }: Pick<Request, 'headers'>,
  name: CookieName,
  origin: string,
): string | undefined {
  const start = `${cookieName(name, origin)}=`
  const found = (headers.get('cookie') ?? '').split(/; */).find((part) => part.startsWith(start))
  return found?.slice(start.length) || undefined
}

/** `__Host-`: no other host of the domain can set it. Browsers take it over TLS alone. */
const cookieName = (name: CookieName, origin: string) => (origin.startsWith('https:') ? `__Host-${name}` : name)
