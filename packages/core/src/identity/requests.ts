import type { Json } from '../base/contract/index.ts'
import { StoreError, TransportError } from '../base/errors/index.ts'
import { parsedJson, readBounded } from '../base/values/index.ts'
import { withinDeadline } from '../oauth/requests/bounded-request.ts'
import { isAbsence } from './present-user.ts'

const headers = {
  'content-type': 'application/json',
  // A question is private to its person, and may change at any moment.
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
}

/** A JSON response that no cache stores. */
export function respond(status: number, body: Json, more: Readonly<Record<string, string>> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { ...headers, ...more } })
}

/** Returns an error response: one word, without the internal cause. */
export function refuse(status: number, error: string, more: Readonly<Record<string, string>> = {}): Response {
  return respond(status, { error }, more)
}

/** Runs a handler. A person who is no longer signed in gets 401. A store that does not answer is 503: the client may try again. */
export async function answering(handle: () => Promise<Response>): Promise<Response> {
  try {
    return await handle()
  } catch (error) {
    // Their access ended while the body of the request came.
    if (isAbsence(error)) return refuse(401, 'login_required')
    if (!(error instanceof StoreError) || !error.retryable) throw error
    return refuse(503, 'unavailable', { 'retry-after': '2' })
  }
}

/** Maximum size of a request, which has a few hundred bytes. */
const MAX_BYTES = 8 * 1024
/** Maximum time to read a body, in milliseconds: a slow one would hold a connection open. */
const MAX_BODY_MS = 30_000

/** The media type of a body, without its parameters. */
const typeOf = (request: Request) => request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase()

/** Reads the body of a JSON request. `undefined` if it has another type, is too large, too slow, or not JSON. */
export async function readJson(request: Request): Promise<unknown> {
  if (typeOf(request) !== 'application/json') return undefined
  const text = await readText(request)
  return text === undefined ? undefined : parsedJson(text)
}

/** Reads the body as text. `undefined` if it is too large or too slow. */
async function readText(request: Request): Promise<string | undefined> {
  const read = withinDeadline({ timeoutMs: MAX_BODY_MS }, () => readBounded(request, MAX_BYTES))
  const body = await read.catch((error: unknown) => {
    if (error instanceof TransportError) return undefined
    throw error
  })
  return body && new TextDecoder().decode(body)
}

/** Reads a small form, or a JSON object of strings. `undefined` if it is neither, or names a field twice. */
export async function readFields(
  request: Request,
): Promise<{ readonly fields: Readonly<Record<string, string>>; readonly isForm: boolean } | undefined> {
  if (typeOf(request) === 'application/x-www-form-urlencoded') {
    const text = await readText(request)
    if (text === undefined) return undefined
    const pairs = [...new URLSearchParams(text)]
    const fields = Object.fromEntries(pairs)
    return Object.keys(fields).length === pairs.length ? { fields, isForm: true } : undefined
  }
  const json = await readJson(request)
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return undefined
  const pairs = Object.entries(json)
  if (!pairs.every((pair): pair is [string, string] => typeof pair[1] === 'string')) return undefined
  return { fields: Object.fromEntries(pairs), isForm: false }
}

const TOKEN = /^(?:Bearer|DPoP) \S/i

/**
 * Returns whether a request that changes something comes from a page of the app itself.
 *
 * A browser sends the origin of a POST (`Origin`, `Sec-Fetch-Site`), and a page cannot forge it. A client that sends
 * neither is not a browser, or an old one: it needs a bearer or DPoP token. Other schemes do not count: a browser adds
 * `Basic` and `Negotiate` automatically.
 *
 * @param origins - Pages that may answer. `undefined`: those of the request's own origin.
 * @see {@link https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header | Fetch Metadata §2.3}
 */
export function isSameOrigin(request: Request, origins: readonly string[] | undefined): boolean {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  if (origin !== null && origins?.includes(origin) === true) return true
  if (site !== null && site !== 'same-origin') return false
  if (origin !== null) return origins === undefined && origin === new URL(request.url).origin
  return site === 'same-origin' ? origins === undefined : TOKEN.test(request.headers.get('authorization') ?? '')
}
