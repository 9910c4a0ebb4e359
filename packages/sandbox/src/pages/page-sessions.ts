import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { ServerStorage } from '../data/index.ts'

/** Sessions of browsers with pages: a page of each user, and the console. */
export interface PageSessions {
  /** Returns the key of a page: a part of the link that the terminal prints. */
  keyOf(page: string): string
  /**
   * Returns the path below which a browser keeps the session. Cookies know no ports: a server on another port of this
   * machine would get the session with each request to a path that it can guess.
   */
  pathOf(page: string, start: string): string
  /** @returns a session for the cookie, or `undefined` where the key is not the one of this page */
  pair(page: string, key: string): string | undefined
  /** Returns whether the cookie is of a session with this page. */
  isPaired(page: string, session: string | undefined): session is string
  /** Returns the token in forms of this session. */
  csrfOf(session: string): string
  isCsrf(session: string, given: string): boolean
}

/** Maximum number of browsers for one page; the oldest is removed. */
const MOST_OF_ONE = 8

const NAME = 'sessions'

interface Kept {
  readonly secret: string
  readonly sessions: readonly (readonly [page: string, sessions: readonly string[]])[]
}

/** Makes the keys and sessions of pages. Without a shelf, a restart ends all of them, and prints new links. */
export function createPageSessions(shelf?: ServerStorage): PageSessions {
  const kept = shelf?.read(NAME) as Kept | undefined
  const secret = kept === undefined ? randomBytes(32) : Buffer.from(kept.secret, 'base64')
  const mac = (purpose: string, text: string) =>
    createHmac('sha256', secret).update(`${purpose}:${text}`).digest('base64url')
  const sessions = new Map(kept?.sessions)
  const keep = () => shelf?.write(NAME, { secret: secret.toString('base64'), sessions: [...sessions] } satisfies Kept)
  keep()
  const keyOf = (page: string) => mac('key', page)
  const csrfOf = (session: string) => mac('csrf', session)
  return {
    keyOf,
    csrfOf,
    pathOf: (page, start) => `${start}/at-${mac('path', page)}`,
    pair(page, key) {
      if (!isEqual(key, keyOf(page))) return undefined
      const session = randomBytes(32).toString('base64url')
      sessions.set(page, [...(sessions.get(page) ?? []), session].slice(-MOST_OF_ONE))
      keep()
      return session
    },
    isPaired: (page, session): session is string =>
      session !== undefined && (sessions.get(page) ?? []).some((known) => isEqual(session, known)),
    isCsrf: (session, given) => isEqual(given, csrfOf(session)),
  }
}

/** Returns the request as if the page were at its start, where routes are. The cookie decides, and not the path. */
export function atStart(request: Request): Request {
  const url = new URL(request.url)
  const pathname = url.pathname.replace(/^(\/console|\/phones\/[^/]+)\/at-[\w-]{43}(?=\/|$)/, '$1')
  return pathname === url.pathname ? request : new Request(new URL(pathname + url.search, url), request)
}

function isEqual(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)]
  return one.length === other.length && timingSafeEqual(one, other)
}
