/** Returns an event's id as the caller gets it. Empty: the caller gets no id. */
export type GiveId = (id: string) => Promise<string>

/** The line of an event with its id. A carriage return at the end is not part of the id. */
const ID_LINE = /^id: ?([^\r]*)(\r?)$/

/** Replaces the ids in a stream of events. It passes on whole lines, and at the end the remaining text. */
export function withEventIds(body: ReadableStream<Uint8Array>, give: GiveId): ReadableStream<Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  let rest = ''
  const rewritten = (line: string) => {
    const [, id = '', end = ''] = ID_LINE.exec(line) ?? []
    // An empty id resets the last event id, and names nothing.
    return id === '' ? line : give(id).then((given) => `id: ${given}${end}`)
  }
  const events = new TransformStream<Uint8Array, Uint8Array>({
    async transform(chunk, controller) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      if (lines.length === 0) return
      controller.enqueue(encoder.encode(`${(await Promise.all(lines.map(rewritten))).join('\n')}\n`))
    },
    async flush(controller) {
      const last = await rewritten(rest + decoder.decode())
      if (last !== '') controller.enqueue(encoder.encode(last))
    },
  })
  return body.pipeThrough(events as ReadableWritablePair<Uint8Array, Uint8Array>)
}

/** Maximum time of a timer, in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1

/** Returns a stream that ends after this time, as if its source had ended. */
export function endingIn(ms: number, body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let timer: ReturnType<typeof setTimeout> | undefined
  let isOver = false
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const end = () => {
        isOver = true
        controller.close()
        void reader.cancel().catch(() => {})
      }
      timer = setTimeout(end, Math.min(Math.max(ms, 0), LONGEST_MS))
    },
    async pull(controller) {
      // A failed stream cannot be closed: the timer would throw, and end the process.
      const { done, value } = await reader.read().catch((error: unknown) => {
        clearTimeout(timer)
        throw error
      })
      if (isOver) return
      if (!done) return controller.enqueue(value)
      clearTimeout(timer)
      controller.close()
    },
    cancel(reason) {
      clearTimeout(timer)
      return reader.cancel(reason)
    },
  })
}
