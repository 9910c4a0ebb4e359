import { type Fetch, InvalidResponseError, TransportError } from '@behalf/core'
import { isLoopback, isSpecialUse, literalAddress } from './addresses.ts'

/** Metadata, key sets and token answers are a few kilobytes; more is an attack or a mistake. */
const MAX_RESPONSE_BYTES = 512 * 1024

/** How requests to addresses are made that an MCP server or its metadata named. */
export interface BoundedFetchOptions {
  /** The app's own fetch: a proxy, or a test. Absent: Node's sockets, which refuse an address at connect. */
  readonly fetch?: Fetch | undefined
  /** Total time of one request, milliseconds. */
  readonly timeoutMs: number
  /** The MCP server itself is on this machine, so its authorization server may be too, over plain http. */
  readonly allowLoopback: boolean
  /** Hosts of a private network that are trusted. */
  readonly trustedHosts: readonly string[]
}

/**
 * A fetch for addresses of strangers: https only (loopback only where the MCP server itself is there), redirects are
 * refused, addresses of special use are refused when the connection is made, size and time are bounded.
 *
 * With a `fetch` of the app, only literal addresses can be refused.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-7.7 | RFC 9728 §7.7}
 */
export function boundedFetch(options: BoundedFetchOptions): Fetch {
  const { timeoutMs } = options
  return async (input, init) => {
    const request = new Request(input, { ...init, redirect: 'manual' })
    const url = new URL(request.url)
    const loopback = refuseAddress(url, options)
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)])
    try {
      const trusted = loopback || options.trustedHosts.includes(url.hostname)
      const response = await (options.fetch === undefined
        ? sendOverSocket(request, signal, trusted)
        : options.fetch(request.url, await partsOf(request, signal)))
      return await bounded(response, url)
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason
      if (error instanceof InvalidResponseError) throw error
      throw new TransportError(`${url.origin} could not be reached`, { cause: named(error) })
    }
  }
}

/** @returns whether the address is this machine, and may be */
function refuseAddress(url: URL, { allowLoopback, trustedHosts }: BoundedFetchOptions): boolean {
  const loopback = isLoopback(url)
  if (loopback && allowLoopback) return true
  const address = literalAddress(url)
  const isPrivate = loopback || (address !== undefined && isSpecialUse(address))
  if (url.protocol !== 'https:' || (isPrivate && !trustedHosts.includes(url.hostname))) {
    throw new InvalidResponseError(`an address is named that is not asked: ${JSON.stringify(url.origin)}`)
  }
  return false
}

async function partsOf(request: Request, signal: AbortSignal): Promise<RequestInit> {
  const { method, headers } = request
  const hasBody = request.body !== null
  return { method, headers, signal, redirect: 'manual', ...(hasBody && { body: await request.text() }) }
}

async function sendOverSocket(request: Request, signal: AbortSignal, trusted: boolean): Promise<Response> {
  const { socketFetch } = await import('./socket-fetch.ts')
  return socketFetch(request, { signal, trusted })
}

async function bounded(response: Response, url: URL): Promise<Response> {
  const { status, headers } = response
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    await response.body?.cancel()
    throw new InvalidResponseError(`${url.origin} answered with a redirect, which is not followed`)
  }
  const chunks: Uint8Array<ArrayBuffer>[] = []
  let size = 0
  const reader = response.body?.getReader()
  for (;;) {
    const next = await reader?.read()
    if (next === undefined || next.done) break
    size += next.value.byteLength
    if (size > MAX_RESPONSE_BYTES) {
      await reader?.cancel()
      throw new InvalidResponseError(`${url.origin} answered more than ${MAX_RESPONSE_BYTES} bytes`)
    }
    chunks.push(next.value)
  }
  const bodiless = status === 204 || status === 205
  return new Response(bodiless ? null : new Blob(chunks), { status, headers })
}

/** The message of a socket's error may hold the whole request; its code says enough. */
function named(error: unknown): Error {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
  return new Error(code ?? (error instanceof Error ? error.name : typeof error))
}
