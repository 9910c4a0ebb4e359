import { ConfigurationError } from '../base/errors/index.ts'
import { originList } from '../base/values/index.ts'
import type { ProtectedRequest } from './read-access-token.ts'

/** Parts of a Node request that are needed; Express's request has them. */
export interface NodeRequest {
  /** HTTP method. */
  readonly method?: string | undefined
  /** Path and query of the request. */
  readonly url?: string | undefined
  /** Address before Express's routers removed their part of it. */
  readonly originalUrl?: string | undefined
  /** Names and values in turn, unchanged. */
  readonly rawHeaders: readonly string[]
}

/** Parts of a Node response that are needed; Express's response has them. */
export interface NodeResponse {
  /** HTTP status of the response. */
  statusCode: number
  /** Sets a header of the response. */
  setHeader(name: string, value: string | readonly string[]): unknown
  /** Sends the body and ends the response. */
  end(body?: Uint8Array): unknown
}

/**
 * Returns a Node or Express request for `protect`: without its body, which is not read.
 * @param origin - The API's own, as clients know it. Not taken from `Host`, which the client writes.
 * @throws ConfigurationError `origin` is invalid.
 */
export function webRequest(incoming: NodeRequest, origin: string): ProtectedRequest {
  const [base] = originList('webRequest.origin', [origin])
  const target = incoming.originalUrl ?? incoming.url ?? '/'
  // Joined as texts: resolved, `//elsewhere` and `http://elsewhere` would be another origin.
  // RFC 9112 §3.2.2: a target may name the whole address. In another spelling it is no path of ours, though routers find
  // one in it. It must not count as the front page, for which an attacker could have a proof.
  const path = target.startsWith(`${base}/`) ? target.slice(base?.length) : target
  const url = base + (path.startsWith('/') ? path : `/${path}`)
  if (!URL.canParse(url)) throw new ConfigurationError('webRequest', 'the target of the request is no path')
  const headers = new Headers()
  let authority: string | undefined
  for (let at = 0; at + 1 < incoming.rawHeaders.length; at += 2) {
    const [name = '', value = ''] = [incoming.rawHeaders[at], incoming.rawHeaders[at + 1]]
    // HTTP/2 has its own names for method and target. Repeated headers stay visible: `headers` of Node drops some.
    if (!name.startsWith(':')) headers.append(name, value)
    // RFC 9113 §8.3.1: HTTP/2 sends it in place of `Host`. Rules that compare hosts need it.
    else if (name === ':authority') authority = value
  }
  if (authority !== undefined && !headers.has('host')) headers.set('host', authority)
  return { url, method: incoming.method ?? 'GET', headers }
}

/** Sends a fetch-style answer as that of a Node or Express server. */
export async function sendWebResponse(outgoing: NodeResponse, response: Response): Promise<void> {
  outgoing.statusCode = response.status
  for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value)
  const cookies = response.headers.getSetCookie()
  if (cookies.length > 0) outgoing.setHeader('set-cookie', cookies)
  outgoing.end(new Uint8Array(await response.arrayBuffer()))
}
