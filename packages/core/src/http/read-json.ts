import { withinDeadline } from '../authorization-server/index.ts'
import { TransportError } from '../errors/index.ts'
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
  const read = withinDeadline({ timeoutMs: MAX_BODY_MS }, () => readBounded(request, MAX_BYTES))
  const body = await read.catch((error: unknown) => {
    if (error instanceof TransportError) return undefined
    throw error
  })
  return body && new TextDecoder().decode(body)
}
