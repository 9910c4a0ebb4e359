import { lookup as systemLookup } from 'node:dns'
import { type IncomingMessage, Agent as PlainAgent, request as plainRequest } from 'node:http'
import { Agent as SecureAgent, request as secureRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { Readable } from 'node:stream'
import { ConfigurationError, InvalidResponseError, TransportError } from '../../base/errors/index.ts'
import type { Fetch } from '../../base/ports.ts'
import { discardBody, isSpecialUse, namesSpecialUse, originList, refuseUnknownKeys } from '../../base/values/index.ts'

export { namesSpecialUse }

/** Options of {@link publicFetch}. */
export interface PublicFetchOptions {
  /**
   * Exact origins of your own network that may be reached: `https://fga.internal.example:8443`, or `http:` to loopback.
   * @default none
   */
  readonly except?: readonly string[]
  /** Resolves names to addresses. @default the system's, `dns.lookup` */
  readonly lookup?: LookupFunction
}

/**
 * Makes a `fetch` for `createGuard({ fetch })` that connects to public addresses only, by `https:` only. A URL from a
 * server's metadata or a tool's input cannot direct it to this machine, a private network or a cloud's metadata.
 *
 * Resolves a name once and judges all of its addresses. One special-use address refuses them all, and the connection
 * uses one of the judged addresses. So a name that resolves otherwise the next time (DNS rebinding) has no effect. Runs
 * on Node's own sockets, so it does not use the process's proxy: the proxy must guard its own network.
 *
 * Follows no redirect: with `redirect: 'follow'` or without one, a redirect rejects; with `'manual'`, it is returned.
 * Reads a request's body completely before it sends it. Streams an answer, and requests it unencoded. Sets no deadline;
 * `signal` ends it.
 *
 * @throws ConfigurationError At construction: an unknown option, or an invalid origin.
 * @throws InvalidResponseError From the fetch: an address of special use, no `https:`, or a redirect.
 * @throws TransportError From the fetch: the connection failed.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6890 | RFC 6890}
 */
export function publicFetch(options: PublicFetchOptions = {}): Fetch {
  refuseUnknownKeys('publicFetch', options, ['except', 'lookup'])
  const { except = [], lookup = systemLookup as LookupFunction } = options
  if (typeof lookup !== 'function')
    throw new ConfigurationError('publicFetch.lookup', 'give a function like dns.lookup')
  const excepted = except.length === 0 ? [] : originList('publicFetch.except', except)
  // Separate connections: a checked connection must not serve an unchecked request, and the reverse.
  const guarded = agents(publicOnly(lookup))
  const free = agents(lookup)
  return async (input, init) => {
    const request = new Request(input, init)
    request.signal.throwIfAborted()
    const url = new URL(request.url)
    const isExcepted = excepted.includes(url.origin)
    if (!isExcepted && (url.protocol !== 'https:' || namesSpecialUse(url))) throw refused(url)
    const response = await send(request, url, isExcepted ? free : guarded)
    if (request.redirect === 'manual' || response.status < 300 || response.status >= 400 || response.status === 304) {
      return response
    }
    discardBody(response)
    throw new InvalidResponseError(`${url.origin} answered with a redirect, which is not followed`)
  }
}

interface Agents {
  readonly plain: PlainAgent
  readonly secure: SecureAgent
}

const agents = (lookup: LookupFunction): Agents => {
  // The same settings as those of Node's own agent.
  const kept = { keepAlive: true, scheduling: 'lifo', timeout: 5000, lookup } as const
  return { plain: new PlainAgent(kept), secure: new SecureAgent(kept) }
}

async function send(request: Request, url: URL, { plain, secure }: Agents): Promise<Response> {
  const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer())
  const headers = {
    ...Object.fromEntries(request.headers),
    'accept-encoding': 'identity',
    ...(body !== undefined && { 'content-length': String(body.byteLength) }),
  }
  const { method, signal } = request
  try {
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing =
        url.protocol === 'https:'
          ? secureRequest(url, { method, headers, signal, agent: secure }, resolve)
          : plainRequest(url, { method, headers, signal, agent: plain }, resolve)
      outgoing.once('error', reject)
      outgoing.end(body)
    })
    return responseOf(incoming, url)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (error instanceof SpecialUse) throw refused(url)
    // Keeps only the code: a socket's error may contain the request, and with it the token.
    const { code } = error as NodeJS.ErrnoException
    throw new TransportError(`${url.origin} could not be reached`, { cause: new Error(code ?? 'no answer') })
  }
}

class SpecialUse extends Error {}

/** Resolves a name. Refuses all addresses if one is refused: a name that mixes them is suspicious. */
function publicOnly(lookup: LookupFunction): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '', 0)
      // A lookup may not know `all`.
      const addresses = typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found
      const [first] = addresses
      const isPublic = addresses.every(({ address }) => !isSpecialUse(address))
      if (first === undefined || !isPublic) callback(new SpecialUse(), '', 0)
      else if (options.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}

const refused = ({ protocol, host }: URL) =>
  new InvalidResponseError(
    `${JSON.stringify(`${protocol}//${host}`)} is no public https address: name it in publicFetch's \`except\` if it is yours`,
  )

function responseOf(incoming: IncomingMessage, url: URL): Response {
  const headers = new Headers()
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    headers.append(incoming.rawHeaders[at] ?? '', incoming.rawHeaders[at + 1] ?? '')
  }
  const status = incoming.statusCode ?? 0
  const isBare = status === 204 || status === 205 || status === 304
  if (isBare) incoming.resume()
  const body = isBare ? null : (Readable.toWeb(incoming) as ReadableStream<Uint8Array<ArrayBuffer>>)
  const response = new Response(body, { status, statusText: incoming.statusMessage ?? '', headers })
  return Object.defineProperty(response, 'url', { value: url.href })
}
