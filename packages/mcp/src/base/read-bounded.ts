type Bytes = Uint8Array<ArrayBuffer>

/**
 * Reads the whole body of a request or a response. Returns `undefined` if it is larger than the limit, and does not
 * read the rest.
 */
export async function readBounded(
  { body }: { readonly body: ReadableStream<Bytes> | null },
  maxBytes: number,
): Promise<Bytes | undefined> {
  const chunks: Bytes[] = []
  let size = 0
  const reader = body?.getReader()
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) return joined(chunks, size)
    size += next.value.byteLength
    if (size > maxBytes) {
      reader?.cancel().catch(() => {})
      return undefined
    }
    chunks.push(next.value)
  }
}

/** Joins the chunks. Usually there is one. A `Blob` would take most of the time of this function. */
function joined(chunks: readonly Bytes[], size: number): Bytes {
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return only
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}
