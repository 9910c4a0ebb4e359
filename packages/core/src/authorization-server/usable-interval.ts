import type { CustomFetch } from 'openid-client'

/**
 * Removes an `interval` that is no positive number from the responses of a `fetch`.
 *
 * The person was asked already when such a response arrives. The interval is optional, with a default of 5 s (CIBA Core
 * §7.3, RFC 8628 §3.2), but the OAuth library refuses the whole response for it.
 */
export function withUsableInterval(send: CustomFetch): CustomFetch {
  return async (url, init) => {
    const response = await send(url, init)
    if (response.status !== 200) return response
    const { status, headers } = response
    const text = await response.text()
    return new Response(withoutUnusable(text), { status, headers })
  }
}

function withoutUnusable(text: string): string {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    return text
  }
  if (typeof json !== 'object' || json === null || !('interval' in json)) return text
  const { interval, ...rest } = json
  return typeof interval === 'number' && Number.isFinite(interval) && interval > 0 ? text : JSON.stringify(rest)
}
