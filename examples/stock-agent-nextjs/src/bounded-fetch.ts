/**
 * Limits the size of answers, whatever their status: a model's server that sends without end would fill the memory of
 * the process, and end every user's turn.
 * @returns a `fetch` whose bodies fail with an `Error` once they are larger
 */
export function boundedFetch(maxBytes: number): typeof fetch {
  return async (...request) => {
    const response = await fetch(...request)
    if (response.body === null) return response
    let bytes = 0
    const bounded = new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        bytes += chunk.length
        if (bytes > maxBytes) controller.error(new Error(`the model's answer is larger than ${maxBytes} bytes`))
        else controller.enqueue(chunk)
      },
    })
    const { status, statusText, headers } = response
    return new Response(response.body.pipeThrough(bounded), { status, statusText, headers })
  }
}
