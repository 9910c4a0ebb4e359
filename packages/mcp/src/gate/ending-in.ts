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
