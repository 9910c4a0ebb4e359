/** Longer waits are not believed: they would turn a fault into an outage of ours. */
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
