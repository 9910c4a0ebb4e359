/** The whole body of a request or a response; `undefined` where it is larger than that, and the rest is not read. */
export async function readBounded(
  { body }: { readonly body: ReadableStream<Uint8Array<ArrayBuffer>> | null },
  maxBytes: number,
): Promise<Blob | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const reader = body?.getReader()
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) return new Blob(chunks)
    size += next.value.byteLength
    if (size > maxBytes) {
      await reader?.cancel()
      return undefined
    }
    chunks.push(next.value)
  }
}
