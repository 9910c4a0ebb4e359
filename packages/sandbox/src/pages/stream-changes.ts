import type { EventHub, SandboxEvent } from '../events/index.ts'

/** Milliseconds between two heartbeats, so that proxies keep the connection open. */
const BEAT_MS = 15_000

/**
 * Maximum number of changes that wait for a slow reader. A dropped change does no harm: each one only tells the page to
 * reload.
 */
const MAX_WAITING = 100

/**
 * Sends server-sent events: a change on a page, with text for a screen reader.
 * @param wordsOf - Text for an event. `undefined`: the page does not change.
 */
export function streamChanges(
  events: EventHub,
  wordsOf: (event: SandboxEvent) => string | undefined,
  signal: AbortSignal,
): Response {
  const encoder = new TextEncoder()
  let end = () => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text))
      const stop = events.listen((event) => {
        const words = wordsOf(event)
        if (words !== undefined && (controller.desiredSize ?? 0) > -MAX_WAITING)
          send(`event: changed\ndata: ${JSON.stringify(words)}\n\n`)
      })
      const beat = setInterval(() => send(':\n\n'), BEAT_MS)
      beat.unref()
      end = () => {
        stop()
        clearInterval(beat)
      }
      send('retry: 1000\n\n')
    },
    cancel: () => end(),
  })
  signal.addEventListener('abort', () => end())
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' },
  })
}
