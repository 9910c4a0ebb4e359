import { ConfigurationError } from '@behalf/core'
import { type NodeRequest, type NodeResponse, webRequest } from '@behalf/core/resource-server'
import { tellApp } from '@behalf/core/spi'
import { writeError } from '../guarded-tools/report-error.ts'
import { METHODS } from './browser-rules.ts'
import type { McpHandler, McpResourceServer } from './mcp-resource-server.ts'

/** The parts of a Node request that are needed to read its body. An Express request has them, parsed or not. */
export interface NodeBodyRequest extends NodeRequest, AsyncIterable<unknown> {
  /** The parsed body, if a parser ran before. */
  readonly body?: unknown
  /** Whether the whole request has arrived. */
  readonly complete?: boolean
}

/** The parts of a Node response that are needed to stream into it. */
export interface NodeStreamResponse extends NodeResponse {
  /** Sends a piece of the body. Returns `false` if the buffer is full: the next piece waits for `drain`. */
  write(chunk: Uint8Array): unknown
  /** Listens once. `close` before the end aborts the handler's request; `drain` lets the next piece be sent. */
  once(event: 'close' | 'drain', listener: () => void): unknown
  /** Sends status and headers before the first piece of the body. */
  flushHeaders?(): void
  /** Breaks the connection: a response that failed in the middle must not look complete. */
  destroy(): unknown
  /**
   * Whether the status was sent. Without `next`, a failure after that breaks the connection. A failure before it is a
   * 500.
   */
  readonly headersSent: boolean
  /** Whether the whole response was sent. A `close` before that means that the client disconnected. */
  readonly writableEnded: boolean
}

/** Options of {@link nodeHandler}. */
export interface NodeHandlerOptions {
  /**
   * Called with an error if there is no `next`. The client gets only the status 500. An error of the callback is
   * dropped.
   * @default writes the error's name and the place where it was thrown to `console.error`. The message may contain
   *   secrets
   */
  readonly onError?: (error: unknown) => void
}

/**
 * Returns the handler behind the gate, for Express and for Node's own server. It answers at the addresses of endpoint
 * and metadata. It passes other requests to `next`, or answers 404 without `next`. It streams responses.
 *
 * Works with and without a JSON parser before it.
 */
export function nodeHandler(
  gate: McpResourceServer,
  handler: McpHandler,
  { onError = (error) => writeError('a request', error) }: NodeHandlerOptions = {},
): (request: NodeBodyRequest, response: NodeStreamResponse, next?: (error?: unknown) => void) => void {
  if (typeof gate?.handle !== 'function') {
    throw new ConfigurationError('nodeHandler.gate', 'give what mcpResourceServer returned')
  }
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
      // No fetch Request can have this method (Fetch, section 2.2.1).
      const isTrace = part.method === 'TRACE'
      const response = isTrace ? notAllowed() : await handle(requestOf(part, incoming, gone.signal))
      // If the body was refused unread, the server does not wait for the rest of it.
      if (incoming.complete === false) outgoing.setHeader('connection', 'close')
      await stream(response, outgoing, gone.signal)
    }
    // An invalid request must fail alone and not end the process.
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

const notAllowed = () => new Response(null, { status: 405, headers: { allow: METHODS } })

function requestOf(
  { url, method, headers }: ReturnType<typeof webRequest>,
  incoming: NodeBodyRequest,
  signal: AbortSignal,
): Request {
  if (method === 'GET' || method === 'HEAD') return new Request(url, { method, headers, signal })
  // A parsed body becomes text again: the gate parses each body once, and passes on what it parsed.
  const body = incoming.body === undefined ? bytesOf(incoming) : JSON.stringify(incoming.body)
  return new Request(url, { method, headers, signal, body, duplex: 'half' } as RequestInit)
}

function bytesOf(incoming: AsyncIterable<unknown>): ReadableStream<Uint8Array> {
  const iterator = incoming[Symbol.asyncIterator]()
  // Reads nothing until the gate asks, and never destroys the request: that would close the connection of the response.
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
    // A client that disconnected before the response ends never drains it, so the source of the stream is cancelled.
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
  // Without this, a client of an idle stream would get no response until the first event.
  if (reader !== undefined) outgoing.flushHeaders?.()
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) break
    const drained = () => new Promise<void>((resolve) => void outgoing.once('drain', resolve))
    if (outgoing.write(next.value) === false) await Promise.race([drained(), left])
  }
  outgoing.end()
}
