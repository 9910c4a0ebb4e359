import type { UIMessageChunk } from 'ai'
import { noAnswer } from './no-answer.ts'

/** A model that takes too long is given up, and a stream tells that as an abort: to a page it is one more that did not answer. */
export const givenUpIsNoAnswer = (): TransformStream<UIMessageChunk, UIMessageChunk> =>
  new TransformStream({
    transform: (chunk, controller) =>
      controller.enqueue(chunk.type === 'abort' ? { type: 'error', errorText: noAnswer } : chunk),
  })
