import { displayText } from '@behalf/core/interrupts'
import type { EventHub, SandboxEvent } from '../events/index.ts'

/** Milliseconds between two heartbeats, so that proxies keep the connection open. */
const BEAT_MS = 15_000

/** Sends server-sent events: a change on this user's phone, with text for a screen reader. */
export function streamChanges(events: EventHub, subject: string, signal: AbortSignal): Response {
  const encoder = new TextEncoder()
  let end = () => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text))
      const stop = events.listen((event) => {
        const words = wordsOf(event, subject)
        if (words !== undefined) send(`event: changed\ndata: ${JSON.stringify(words)}\n\n`)
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

function wordsOf(event: SandboxEvent, subject: string): string | undefined {
  if (event.type !== 'asked' && event.type !== 'answered') return undefined
  if (event.subject !== subject) return undefined
  const what = displayText(event.message ?? 'a request without words')
  return event.type === 'asked' ? `New request: ${what}` : `${what}: ${event.answer}`
}
