import { lookup } from 'node:dns'
import { type ClientRequest, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import type { LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { isSpecialUse } from './addresses.ts'

/** How {@link socketFetch} connects. */
export interface SocketOptions {
  readonly signal: AbortSignal
  /** The host may have an address of special use. */
  readonly trusted: boolean
}

/**
 * One request over Node's own sockets. The name is resolved once, the addresses are checked, and the connection goes
 * to what was checked: a name that changes between the two cannot lead elsewhere.
 */
export async function socketFetch(request: Request, { signal, trusted }: SocketOptions): Promise<Response> {
  const url = new URL(request.url)
  const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
  const options = {
    method: request.method,
    headers: {
      ...Object.fromEntries(request.headers),
      'accept-encoding': 'identity',
      ...(body !== undefined && { 'content-length': String(body.byteLength) }),
    },
    signal,
    agent: false,
    ...(!trusted && { lookup: publicOnly }),
  } as const
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? secureRequest : plainRequest
    const outgoing: ClientRequest = send(url, options, (incoming) => resolve(responseOf(incoming)))
    outgoing.once('error', reject)
    outgoing.end(body)
  })
}

/** Resolves, and refuses all when one is refused: whoever mixes them is trying something. */
const publicOnly: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, '', 0)
    const [first] = addresses
    if (first === undefined || addresses.some(({ address }) => isSpecialUse(address))) {
      const refused = Object.assign(new Error('an address of special use'), { code: 'ERR_SPECIAL_USE_ADDRESS' })
      return callback(refused, '', 0)
    }
    if (options.all === true) return callback(null, addresses)
    return callback(null, first.address, first.family)
  })
}

function responseOf(incoming: IncomingMessage): Response {
  const headers = new Headers()
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '')
  }
  const status = incoming.statusCode ?? 502
  const bodiless = status === 204 || status === 205 || status === 304
  if (bodiless) incoming.resume()
  return new Response(bodiless ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array>), { status, headers })
}
