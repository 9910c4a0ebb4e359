import { readBounded } from '../lib/index.ts'

/** Requests here are a few hundred bytes. */
const MAX_BYTES = 8 * 1024
/** A body that takes longer keeps a connection, and is not waited for. */
const MAX_BODY_MS = 30_000

/** The body of a JSON request; `undefined` where it is another type, too large, too slow, or no JSON. */
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

/** The body as text; `undefined` where it is too large or too slow. */
export async function readText(request: Request): Promise<string | undefined> {
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), MAX_BODY_MS)
  const body = await Promise.race([readBounded(request, MAX_BYTES), late.promise]).finally(() => clearTimeout(timer))
  return body && new TextDecoder().decode(body)
}
