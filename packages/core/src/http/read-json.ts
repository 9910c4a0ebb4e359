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
  const decoder = new TextDecoder()
  const reader = request.body?.getReader()
  let text = ''
  let size = 0
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) return text + decoder.decode()
    size += next.value.byteLength
    if (size > MAX_BYTES) {
      await reader?.cancel()
      return undefined
    }
    text += decoder.decode(next.value, { stream: true })
  }
}
