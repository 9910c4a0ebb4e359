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
