import { type NodeRequest, type NodeResponse, webRequest } from '@behalf/core/resource-server'
import { tellApp } from '@behalf/core/spi'
import { writeError } from '../guarded/report-error.ts'
import type { McpHandler, McpResourceServer } from './mcp-resource-server.ts'

/** What is needed of a Node request to read its body; Express's has it, parsed or not. */
export interface NodeBodyRequest extends NodeRequest, AsyncIterable<unknown> {
  /** Where a parser ran before. */
  readonly body?: unknown
  /** Whether all of it has come. */
  readonly complete?: boolean
}

/** What is needed of a Node response to stream into it. */
export interface NodeStreamResponse extends NodeResponse {
  /** Sends a piece of the body. Returns `false` where the buffer is full: the next piece waits for `drain`. */
  write(chunk: Uint8Array): unknown
  /** Listens once. `close` before the end aborts the handler's request; `drain` lets the next piece be sent. */
  once(event: 'close' | 'drain', listener: () => void): unknown
  /** Tells the client that there is an answer before its first piece. */
  flushHeaders?(): void
  /** Breaks the connection: an answer that failed in the middle must not look complete. */
  destroy(): unknown
  /** Whether the status was sent. Without `next`, a failure after that breaks the connection; before it, it is a 500. */
  readonly headersSent: boolean
  /** Whether the answer was sent whole. A `close` before that means that the client went away. */
  readonly writableEnded: boolean
}

/** Options of {@link nodeHandler}. */
export interface NodeHandlerOptions {
  /**
   * Gets what went wrong where there is no `next` that would; the client is told 500 and nothing more. What it throws is
   * dropped. @default writes the error's name and where it was thrown to `console.error`: its message may hold secrets
   */
  readonly onError?: (error: unknown) => void
}

/**
 * The handler behind the gate, for Express and for Node's own server: answers at the endpoint's and the metadata's
 * address, and leaves all others to `next`, or answers 404 without `next`. Streams what the handler streams.
 *
 * Works with and without a JSON parser before it.
 */
export function nodeHandler(
  gate: McpResourceServer,
  handler: McpHandler,
  { onError = (error) => writeError('a request', error) }: NodeHandlerOptions = {},
): (request: NodeBodyRequest, response: NodeStreamResponse, next?: (error?: unknown) => void) => void {
  const origin = new URL(gate.resource).origin
  const handle = gate.handle(handler)
  return (incoming, outgoing, next) => {
    const gone = new AbortController()
    const serve = async () => {
      const part = webRequest(incoming, origin)
      if (next !== undefined && !gate.serves(part)) return next()
      outgoing.once('close', () => {
        if (!outgoing.writableEnded) gone.abort(new DOMException('the client went away', 'AbortError'))
      })
      const response = await handle(requestOf(part, incoming, gone.signal))
      // A body that was refused unread is not waited for.
      if (incoming.complete === false) outgoing.setHeader('connection', 'close')
      await stream(response, outgoing, gone.signal)
    }
    // A request that cannot be one, such as TRACE, must end itself and not the process.
    serve().catch((error: unknown) => {
      if (next !== undefined) return next(error)
      if (gone.signal.aborted) return
      tellApp(() => onError(error))
      if (outgoing.writableEnded) return
      if (outgoing.headersSent) return void outgoing.destroy()
      outgoing.statusCode = 500
      outgoing.end()
    })
  }
}

function requestOf(
  { url, method, headers }: ReturnType<typeof webRequest>,
  incoming: NodeBodyRequest,
  signal: AbortSignal,
): Request {
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  // A body that was parsed comes as text again: the gate reads each body once, and hands on what it read.
  const body = incoming.body === undefined ? bytesOf(incoming) : JSON.stringify(incoming.body)
  return new Request(url, { method, headers, signal, body, duplex: 'half' } as RequestInit)
}

function bytesOf(incoming: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  const iterator = incoming[Symbol.asyncIterator]()
  // Nothing is read before the gate asks for it, and nothing ended: that would take the answer's connection away.
  const source: UnderlyingDefaultSource<Uint8Array> = {
    async pull(controller) {
      const { value, done } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array))
    },
  }
  return new ReadableStream(source, { highWaterMark: 0 })
}

async function stream(response: Response, outgoing: NodeStreamResponse, gone: AbortSignal): Promise<void> {
  const reader = response.body?.getReader()
  const left = new Promise<void>((resolve) => {
    // A client that left before the response drains nothing, so the source of the stream is cancelled.
    const leave = () => {
      resolve()
      void reader?.cancel(gone.reason).catch(() => {})
    }
    if (gone.aborted) leave()
    else gone.addEventListener('abort', leave, { once: true })
  })
  if (gone.aborted) return
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) outgoing.setHeader(name, value)
  // An idle stream of events would be no answer to its client until the first event.
  if (reader !== undefined) outgoing.flushHeaders?.()
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) break
    const drained = () => new Promise<void>((resolve) => void outgoing.once('drain', resolve))
    if (outgoing.write(next.value) === false) await Promise.race([drained(), left])
  }
  outgoing.end()
}
