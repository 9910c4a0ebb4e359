import { readBounded } from '../lib/index.ts'

/** Requests here are a few hundred bytes. */
const MAX_BYTES = 8 * 1024

/** The body of a JSON request; `undefined` where it is another type, too large, or no JSON. */
export async function readJson(request: Request): Promise<unknown> {
  const type = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()
  if (type !== 'application/json') return undefined
  const text = await readText(request)
  try {
    return text === undefined ? undefined : JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The body as text; `undefined` where it is too large. */
export async function readText(request: Request): Promise<string | undefined> {
  const body = await readBounded(request, MAX_BYTES)
  return body && new TextDecoder().decode(body)
}
