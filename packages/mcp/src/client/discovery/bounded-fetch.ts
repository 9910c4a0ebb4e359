import type { LookupFunction } from 'node:net'
import { type Fetch, TransportError } from '@behalf/core'
import { namesSpecialUse } from '@behalf/core/node'
import { InvalidResponseError } from '@behalf/core/spi'
import { isLoopback } from '../../base/is-loopback.ts'
import { readBounded } from '../../base/read-bounded.ts'

/** Metadata, key sets and token responses have a few kilobytes. A larger response is an attack or a mistake. */
const MAX_RESPONSE_BYTES = 512 * 1024

/** Options of requests to addresses that an MCP server or its metadata named. */
export interface BoundedFetchOptions {
  /**
   * The app's own fetch, such as for a proxy or a test. Absent: Node's sockets, which refuse a private address at
   * connect.
   */
  readonly fetch?: Fetch | undefined
  /** Total time of one request, milliseconds. */
  readonly timeoutMs: number
  /** True if the MCP server itself is on this machine: then its authorization server may be too, over plain http. */
  readonly allowLoopback: boolean
  /** Trusted hosts of a private network. */
  readonly trustedHosts: readonly string[]
  /** Resolves host names, for tests. @default the system's resolver */
  readonly lookup?: LookupFunction | undefined
}

/**
 * Returns a fetch for untrusted addresses. It accepts https only, and loopback only if the MCP server is on loopback.
 * It refuses redirects, and refuses addresses of special use at connect. It limits size and time.
 *
 * With a `fetch` of the app, only addresses that the URL itself contains can be refused.
 * @see {@link https://www.rfc-editor.org/rfc/rfc9728#section-7.7 | RFC 9728 §7.7}
 */
export function boundedFetch(options: BoundedFetchOptions): Fetch {
  const { timeoutMs, fetch: send = nodeFetch(options) } = options
  return async (input, init) => {
    const request = new Request(input, { ...init, redirect: 'manual' })
    const url = new URL(request.url)
    const trusted = refuseAddress(url, options)
    const signal = AbortSignal.any([request.signal, AbortSignal.timeout(timeoutMs)])
    try {
      return await bounded(await send(request.url, await partsOf(request, signal), trusted), url)
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason
      if (error instanceof InvalidResponseError || error instanceof TransportError) throw error
      throw new TransportError(`${url.origin} could not be reached`, { cause: named(error) })
    }
  }
}

/** @returns whether the host may have an address of special use */
function refuseAddress(url: URL, { allowLoopback, trustedHosts }: BoundedFetchOptions): boolean {
  if (allowLoopback && isLoopback(url)) return true
  const isTrusted = trustedHosts.includes(url.hostname)
  if (url.protocol !== 'https:' || (namesSpecialUse(url) && !isTrusted)) {
    throw new InvalidResponseError(`an address is named that is not asked: ${JSON.stringify(url.origin)}`)
  }
  return isTrusted
}

type Send = (url: string, init: RequestInit, trusted: boolean) => Promise<Response>

/** Core's fetch for untrusted addresses, which exempts trusted origins. */
function nodeFetch({ lookup }: BoundedFetchOptions): Send {
  const byOrigin = new Map<string | undefined, Fetch>()
  return async (url, init, trusted) => {
    const origin = trusted ? new URL(url).origin : undefined
    const { publicFetch } = await import('@behalf/core/node')
    const made =
      byOrigin.get(origin) ?? publicFetch({ except: origin === undefined ? [] : [origin], ...(lookup && { lookup }) })
    byOrigin.set(origin, made)
    return made(url, init)
  }
}

async function partsOf(request: Request, signal: AbortSignal): Promise<RequestInit> {
  const { method, headers } = request
  const hasBody = request.body !== null
  return { method, headers, signal, redirect: 'manual', ...(hasBody && { body: await request.text() }) }
}

/** @throws InvalidResponseError The app's `fetch` followed a redirect, so the response may come from another server. */
function refuseFollowed({ redirected, body }: Response, { origin }: URL): void {
  if (!redirected) return
  body?.cancel().catch(() => {})
  throw new InvalidResponseError(`${origin} answered with a redirect, and \`fetch\` followed it`)
}

async function bounded(response: Response, url: URL): Promise<Response> {
  const { status, headers } = response
  refuseFollowed(response, url)
  if (response.type === 'opaqueredirect' || (status >= 300 && status < 400)) {
    response.body?.cancel().catch(() => {})
    throw new InvalidResponseError(`${url.origin} answered with a redirect, which is not followed`)
  }
  const body = await readBounded(response, MAX_RESPONSE_BYTES)
  if (body === undefined) throw new InvalidResponseError(`${url.origin} answered more than ${MAX_RESPONSE_BYTES} bytes`)
  const bodiless = status === 204 || status === 205
  return new Response(bodiless ? null : body, { status, headers })
}

/**
 * Limits the MCP server's response if it is an error or a redirect: the SDKs read all of it for their error. Cuts off
 * what is too large or too late. Streams of successful responses have no limit.
 *
 * @throws InvalidResponseError The app's `fetch` followed a redirect.
 */
export async function boundedRefusal(response: Response, server: URL, timeoutMs: number): Promise<Response> {
  const { status, statusText, headers } = response
  refuseFollowed(response, server)
  if (response.ok || response.body === null) return response
  const late = Promise.withResolvers<undefined>()
  const timer = setTimeout(() => late.resolve(undefined), timeoutMs)
  const body = await Promise.race([readBounded(response, MAX_RESPONSE_BYTES), late.promise])
    .catch(() => undefined)
    .finally(() => clearTimeout(timer))
  return new Response(body ?? null, { status, statusText, headers })
}

/** Replaces a socket's error, whose message may hold the whole request. Its code is enough. */
function named(error: unknown): Error {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : undefined
  return new Error(code ?? (error instanceof Error ? error.name : typeof error))
}
