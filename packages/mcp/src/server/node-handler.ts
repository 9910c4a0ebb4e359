import { type NodeRequest, type NodeResponse, webRequest } from '@behalf/core/resource-server'
import type { McpGate, McpHandler } from './create-mcp-gate.ts'

/** What is needed of a Node request to read its body; Express's has it, parsed or not. */
export interface NodeBodyRequest extends NodeRequest, AsyncIterable<unknown> {
  /** Where a parser ran before. */
  readonly body?: unknown
}

/** What is needed of a Node response to stream into it. */
export interface NodeStreamResponse extends NodeResponse {
  write(chunk: Uint8Array): unknown
  once(event: 'close' | 'drain', listener: () => void): unknown
  readonly writableEnded: boolean
}

/**
 * The handler behind the gate, for Express and for Node's own server: answers at the endpoint's and the metadata's
 * address, and leaves all others to `next`, or answers 404 where there is none. Streams what the handler streams.
 *
 * Works with and without a JSON parser before it.
 */
export function nodeHandler(
  gate: McpGate,
  handler: McpHandler,
): (request: NodeBodyRequest, response: NodeStreamResponse, next?: (error?: unknown) => void) => void {
  const origin = new URL(gate.resource).origin
  const handle = gate.handle(handler)
  return (incoming, outgoing, next) => {
    const serve = async () => {
      const part = webRequest(incoming, origin)
      if (next !== undefined && !gate.serves(part)) return next()
      const gone = new AbortController()
      outgoing.once('close', () => {
        if (!outgoing.writableEnded) gone.abort(new DOMException('the client went away', 'AbortError'))
      })
      await stream(await handle(requestOf(part, incoming, gone.signal)), outgoing, gone.signal)
    }
    // A request that cannot be one, such as TRACE, must end itself and not the process.
    serve().catch((error: unknown) => {
      if (next !== undefined) return next(error)
      if (outgoing.writableEnded) return
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
  return new ReadableStream({
    async pull(controller) {
      const { value, done } = await iterator.next()
      if (done === true) controller.close()
      else controller.enqueue(typeof value === 'string' ? new TextEncoder().encode(value) : (value as Uint8Array))
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

async function stream(response: Response, outgoing: NodeStreamResponse, gone: AbortSignal): Promise<void> {
  const reader = response.body?.getReader()
  const left = new Promise<void>((resolve) => {
    // The client may be gone before there is an answer: nothing will drain then, and whoever streams is to know.
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
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) break
    const drained = () => new Promise<void>((resolve) => void outgoing.once('drain', resolve))
    if (outgoing.write(next.value) === false) await Promise.race([drained(), left])
  }
  outgoing.end()
}
