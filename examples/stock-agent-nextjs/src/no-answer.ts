import type { UIMessageChunk } from 'ai'

/** What a stream says in place of what went wrong with the model, which is for the log alone. */
export const noAnswer = 'The model did not answer.'

/** A model that takes too long is given up, and one whose connection breaks ends the stream: to a page, neither answered. */
export function toldAsNoAnswer(stream: ReadableStream<UIMessageChunk>): ReadableStream<UIMessageChunk> {
  const reader = stream.getReader()
  const failed = { type: 'error', errorText: noAnswer } as const
  return new ReadableStream({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value.type === 'abort' ? failed : value)
      } catch {
        controller.enqueue(failed)
        controller.close()
      }
    },
    cancel: (reason) => reader.cancel(reason),
  })
}
