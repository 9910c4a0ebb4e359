/**
 * Reads the whole body of a request or a response. Returns `undefined` if it is larger than the limit, and does not
 * read the rest.
 */
export async function readBounded(
  { body }: { readonly body: ReadableStream<Uint8Array> | null },
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = body?.getReader()
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) break
    size += next.value.byteLength
    if (size > maxBytes) {
      reader?.cancel().catch(() => {})
      return undefined
    }
    chunks.push(next.value)
  }
  const whole = new Uint8Array(size)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.byteLength
  }
  return whole
}

/**
 * Frees the connection of a response whose body is not read. An error of the body changes nothing: only the head is
 * used.
 */
export function discardBody(response: Response): void {
  response.body?.cancel().catch(() => {})
}
