import type { CustomFetch } from 'openid-client'
import { parsedJson } from '../../base/values/index.ts'

/**
 * Removes an `interval` that is no positive number, and an `expires_in` that is no lifetime, from the responses of a
 * `fetch`.
 *
 * When such a response arrives, the person has already been asked. The interval is optional, with a default of 5 s
 * (CIBA Core §7.3, RFC 8628 §3.2), but the OAuth library would refuse the whole response. It refuses one without an
 * `expires_in`, and would read `"3e2"` as a lifetime.
 */
export function withUsableTimes(send: CustomFetch): CustomFetch {
  return async (url, init) => {
    const response = await send(url, init)
    if (response.status !== 200) return response
    const { status, headers } = response
    const text = await response.text()
    return new Response(withoutUnusable(text), { status, headers })
  }
}

function withoutUnusable(text: string): string {
  const json = parsedJson(text)
  if (typeof json !== 'object' || json === null) return text
  const { interval, expires_in: lifetime, ...rest } = json as Readonly<Record<string, unknown>>
  const isUsable = typeof interval === 'number' && Number.isFinite(interval) && interval > 0
  return JSON.stringify({
    ...rest,
    ...(isUsable && { interval }),
    ...(isLifetime(lifetime) && { expires_in: Number(lifetime) }),
  })
}

/** Maximum lifetime that is believed, in seconds: 136 years. Some servers mean "never" by a large number. */
const MAX_LIFETIME_SECONDS = 2 ** 32

/** Returns whether a value is a lifetime in seconds (RFC 6749 §5.1): a positive number, which some servers quote. */
export function isLifetime(value: unknown): boolean {
  const seconds = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value
  return typeof seconds === 'number' && seconds > 0 && seconds <= MAX_LIFETIME_SECONDS
}

/**
 * Returns when a token expires, in epoch seconds: the earlier of the answer's time and the token's own, or `undefined`
 * if neither gives one.
 * @param from - What `expiresIn` counts from, in epoch seconds.
 */
export function tokenEnd(from: number, expiresIn: number | undefined, exp: unknown): number | undefined {
  const ends = [expiresIn === undefined ? undefined : from + expiresIn, typeof exp === 'number' ? exp : undefined]
  const known = ends.filter((end) => end !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** Maximum wait that is believed, in seconds. A longer one would turn a server's mistake into an outage here. */
const MAX_SECONDS = 24 * 60 * 60

/**
 * `Retry-After` in seconds from now, in both of its forms; `undefined` when absent or not understood.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 | RFC 9110 §10.2.3}
 */
export function retryAfterSeconds(response: Response, now: number): number | undefined {
  const value = response.headers.get('retry-after')?.trim()
  if (value === undefined || value === '') return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : Math.ceil((Date.parse(value) - now) / 1000)
  if (Number.isNaN(seconds)) return undefined
  return Math.min(Math.max(seconds, 0), MAX_SECONDS)
}
