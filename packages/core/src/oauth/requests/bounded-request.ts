import { InvalidResponseError, TransportError } from '../../base/errors/index.ts'
import type { Fetch } from '../../base/ports.ts'
import { isTimeout, orAborted } from '../../base/process/async.ts'
import { isLoopback, namesSpecialUse, parsedJson, readBounded } from '../../base/values/index.ts'
import { redactText } from '../../credential/index.ts'
import { retryAfterSeconds } from '../tokens/times.ts'

/** Maximum length of a chain of causes: libraries nest three or four. */
const MAX_DEPTH = 5

/**
 * Minimum length of a secret. A shorter value is no secret, and its removal from every word would garble the sentence.
 */
const MIN_SECRET = 6

/** Replaces secrets in a text. The longest first: a secret that begins with another must be removed completely. */
export const withoutTexts = (text: string, secrets: readonly string[]): string =>
  redactText(
    text,
    secrets.filter(({ length }) => length >= MIN_SECRET).sort((one, two) => two.length - one.length),
  )

/** Returns the proofs and the words of a request, as an error of a `fetch` may quote them. */
function sentBy({ headers, body }: RequestInit): readonly string[] {
  const { authorization = '', dpop = '' } = Object.fromEntries(new Headers(headers))
  const values = body instanceof URLSearchParams ? [...body.values()] : []
  // As the body is written: a form with encoded values, or JSON.
  return [dpop, ...values, ...`${authorization} ${body ?? ''}`.split(/[ "&=]/)]
}

/**
 * A copy of an error that is safe to keep as a `cause`: name, message, code and the same of its causes.
 *
 * Libraries attach request and response bodies to their errors, and a JSON parser quotes its input, so `util.inspect`
 * of the original would print tokens (I3). A `fetch` of the app may quote its request in a message.
 * @param request - The request that failed. None of its values is shown.
 */
export function withoutSecrets(error: unknown, request: RequestInit = {}, depth = 0): Error | undefined {
  if (!(error instanceof Error) || depth === MAX_DEPTH) return undefined
  const sent = sentBy(request)
  const cause = withoutSecrets(error.cause, request, depth + 1)
  // The message of a SyntaxError contains a part of the text that could not be parsed.
  const isParser = error instanceof SyntaxError
  const copy = new Error('not well-formed', cause && { cause })
  const { code } = error as { readonly code?: unknown }
  const { name, message, stack } = error
  for (const [key, text] of Object.entries({ name, code, ...(!isParser && { message, stack }) }))
    if (typeof text === 'string') copy[key as 'name'] = withoutTexts(text, sent)
  return copy
}

export interface Limits {
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

/**
 * Runs `work` under one deadline and the caller's signal.
 *
 * Rejects at once when either ends, even if the work ignores its signal, as an injected fetch may. An abort rejects
 * with the signal's own reason.
 */
export async function withinDeadline<T>(limits: Limits, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { signal, timeoutMs } = limits
  signal?.throwIfAborted()
  const controller = new AbortController()
  const onAbort = () => controller.abort(signal?.reason)
  const timer = setTimeout(() => controller.abort(new TransportError(`no answer within ${timeoutMs} ms`)), timeoutMs)
  signal?.addEventListener('abort', onAbort, { once: true })
  return orAborted(work(controller.signal), controller.signal).finally(() => {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  })
}

/**
 * Maximum size of a response. Metadata, key sets and token responses have a few kilobytes: a larger one is an attack or
 * a mistake.
 */
const MAX_RESPONSE_BYTES = 512 * 1024

/** Answers to a poll. Some servers send them with 429; they are no outage (CIBA Core §11: read `error`, not the status). */
const pollAnswers: readonly unknown[] = ['slow_down', 'authorization_pending']

export interface RequestRules {
  readonly fetch: Fetch
  /** Plain `http:` to this machine is allowed. */
  readonly allowInsecureLoopback: boolean
  /** Epoch milliseconds. */
  readonly now: () => number
}

/**
 * Returns whether a request may go to `url`: `https:` to a host that is not written as a special-use address, or
 * loopback if the app asked for it. The `fetch` judges the address that a name resolves to.
 */
function isAllowedUrl(url: URL, allowInsecureLoopback: boolean): boolean {
  if (allowInsecureLoopback && isLoopback(url)) return url.protocol === 'https:' || url.protocol === 'http:'
  return url.protocol === 'https:' && !namesSpecialUse(url)
}

/**
 * Sends one request to an authorization server, and reads its whole answer.
 *
 * Never follows a redirect, reads at most 512 kB, and returns only answers below 500.
 *
 * @throws TransportError Network fault, 408, 429 or 5xx.
 * @throws InvalidResponseError A redirect, a page, too large an answer, or an endpoint that is not `https:` or is an
 *   address of special use: a server's metadata must not direct a request into the internal network.
 */
export async function boundedRequest(rules: RequestRules, url: string, init: RequestInit): Promise<Response> {
  const target = URL.canParse(url) ? new URL(url) : undefined
  if (target === undefined || !isAllowedUrl(target, rules.allowInsecureLoopback)) {
    throw new InvalidResponseError(
      `the server's metadata names an endpoint that is not https, or of special use: ${JSON.stringify(url)}`,
    )
  }
  let response: Response
  let body: Uint8Array<ArrayBuffer>
  try {
    response = await rules.fetch(url, { ...init, redirect: 'manual' })
    body = await readAnswer(response, target)
  } catch (error) {
    if (error instanceof InvalidResponseError) throw error
    if (init.signal?.aborted && !isTimeout(init.signal.reason)) throw init.signal.reason
    throw new TransportError(`${target.origin} could not be reached`, { cause: withoutSecrets(error, init) })
  }
  refuseDetour(response, body, target)
  refuseOutage(response, body, target, rules.now())
  const { status, headers } = response
  return new Response(status === 204 || status === 205 ? null : body, { status, headers })
}

function refuseDetour(response: Response, body: Uint8Array, target: URL): void {
  // A proxy in front of the server sends pages: the server got no request. Some frameworks label each answer as HTML.
  const isPage = response.ok && /^\s*</.test(new TextDecoder().decode(body))
  // `redirected`: an injected fetch followed it against our options, so another server answered.
  const { redirected, status, type } = response
  if (!isPage && !redirected && type !== 'opaqueredirect' && !(status >= 300 && status < 400)) return
  throw new InvalidResponseError(`${target.origin} answered with a redirect or a page`, {
    unreadable: true,
  })
}

function refuseOutage(response: Response, body: Uint8Array, target: URL, now: number): void {
  const { status } = response
  if (status < 500 && status !== 429 && status !== 408) return
  if (status === 429 && pollAnswers.includes(errorOf(body))) return
  const retryAfter = retryAfterSeconds(response, now)
  throw new TransportError(`${target.origin} answered ${status}`, {
    status,
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

const errorOf = (body: Uint8Array): unknown =>
  (parsedJson(body) as { readonly error?: unknown } | null | undefined)?.error

/** Reads the whole body, up to 512 kB. */
export async function readAnswer(response: Response, target: URL): Promise<Uint8Array<ArrayBuffer>> {
  const body = await readBounded(response, MAX_RESPONSE_BYTES)
  if (body !== undefined) return body
  throw new InvalidResponseError(`${target.origin} answered more than ${MAX_RESPONSE_BYTES} bytes`, {
    unreadable: true,
  })
}
