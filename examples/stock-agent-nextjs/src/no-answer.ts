import type { UIMessageChunk } from 'ai'

/** Text in a stream in place of a model's error, which is only for the log. */
export const noAnswer = 'The model did not answer.'

/**
 * Replaces errors of the stream: to a page, a model that was stopped for taking too long, and one whose connection
 * broke, did not answer.
 */
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
