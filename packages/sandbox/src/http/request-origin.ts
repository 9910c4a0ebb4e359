import { timingSafeEqual } from 'node:crypto'

/**
 * Returns whether a program sent this `POST` with the key.
 *
 * No page can send one: a browser says where a request comes from, and such a request is refused.
 */
export function isFromProgram({ method, headers }: Request, key: string): boolean {
  const isPage = headers.has('origin') || headers.has('sec-fetch-site')
  const given = Buffer.from(headers.get('authorization') ?? '')
  const wanted = Buffer.from(`Bearer ${key}`)
  return !isPage && method === 'POST' && given.length === wanted.length && timingSafeEqual(given, wanted)
}

/** Returns the body as JSON. `undefined`: it is not JSON, or longer than allowed. */
export async function boundedJson(request: Request, maxCharacters: number): Promise<unknown> {
  try {
    const text = await request.text()
    return text.length > maxCharacters ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Returns whether a page of this exact origin sent the request.
 *
 * Other apps on this machine are the same *site* whatever their port, so their requests have our cookies. So `Origin`
 * must be ours, and if the browser says where a request comes from, it must say `same-origin`.
 */
export function isSameOrigin(headers: Headers, origin: string): boolean {
  const from = headers.get('sec-fetch-site')
  return headers.get('origin') === origin && (from === null || from === 'same-origin')
}
