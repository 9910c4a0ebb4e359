import { FgaError, invalid } from '../errors/index.ts'

/** Maximum size of a body, the same as in OpenFGA. */
const MAX_BODY_BYTES = 616_448
/** Maximum time to read a body, in milliseconds: a slow one keeps a connection open. */
const MAX_BODY_MS = 30_000

/** Returns the JSON of a request. A missing body is an empty message. */
export async function readBody(request: Request): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(invalid('the body did not arrive in time')), MAX_BODY_MS)
  const bytes = await Promise.race([bytesOf(request), late.promise]).finally(() => clearTimeout(timer))
  const text = new TextDecoder().decode(bytes)
  try {
    return text === '' ? {} : (JSON.parse(text) ?? [])
  } catch {
    throw invalid('malformed JSON')
  }
}

async function bytesOf({ body }: Request): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = body?.getReader()
  for (let read = await reader?.read(); read?.value !== undefined; read = await reader?.read()) {
    size += read.value.length
    if (size > MAX_BODY_BYTES) {
      await reader?.cancel().catch(() => {})
      throw new FgaError('exceeded_entity_limit', `the request has more than ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(read.value)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return bytes
}
