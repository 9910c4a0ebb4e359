import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { BodyTooLarge, boundedBody } from './bounded-body.ts'

/** A fetch-style handler. `undefined`: it has no such path. */
export type FetchHandler = (request: Request) => Promise<Response | undefined>

/** Serves a fetch-style handler over HTTP, streams included. A `Response.error()` breaks the connection. Bodies are bounded. */
export function fetchListener(origin: string, handle: FetchHandler): RequestListener {
  return (incoming, outgoing) => {
    answer(origin, handle, incoming, outgoing).catch((error: unknown) => {
      if (error instanceof BodyTooLarge && !outgoing.headersSent) outgoing.writeHead(error.status, error.headers).end()
      else outgoing.destroy()
    })
  }
}

async function answer(
  origin: string,
  handle: FetchHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const response = (await handle(requestOf(origin, incoming))) ?? new Response(null, { status: 404 })
  if (response.type === 'error') {
    incoming.socket.destroy()
    return
  }
  outgoing.writeHead(response.status, [...response.headers].flat())
  if (response.body === null) outgoing.end()
  // Ends the stream when its reader disconnects.
  else await pipeline(Readable.fromWeb(response.body as WebStream), outgoing)
}

function requestOf(origin: string, incoming: IncomingMessage): Request {
  const { method = 'GET', url = '/', headers } = incoming
  const hasBody = method !== 'GET' && method !== 'HEAD'
  return new Request(new URL(url, origin), {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(hasBody && {
      body: Readable.toWeb(Readable.from(boundedBody(incoming))) as ReadableStream<Uint8Array>,
      duplex: 'half',
    }),
  })
}
