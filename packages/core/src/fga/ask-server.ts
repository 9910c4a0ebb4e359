import pRetry from 'p-retry'
import { retryAfterSeconds } from '../authorization-server/retry-after.ts'
import { safeCause } from '../authorization-server/safe-cause.ts'
import { TransportError } from '../errors/index.ts'
import type { Clock, Fetch } from '../ports/index.ts'
import { type HttpAnswer, inWords, serverErrorOf } from './read-answer.ts'

export interface Way {
  readonly fetch: Fetch
  readonly clock: Clock
}

export interface ServerRequest {
  readonly url: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

/** Two more tries: the server's own deadlines end as 500, and blind retries would multiply the load. */
const RETRIES = 2
/** A server that asks for a longer pause gets it: the call is unavailable meanwhile. */
const LONGEST_PAUSE_SECONDS = 1

/**
 * Posts a question until there is an answer: a check changes nothing, so it is safe to repeat (E2).
 *
 * Retries network faults, 429, 5xx and throttling; any other answer is final.
 * @throws TransportError No answer after that.
 */
export async function askServer(way: Way, request: ServerRequest, signal: AbortSignal): Promise<HttpAnswer> {
  return pRetry(() => askOnce(way, request, signal), {
    retries: RETRIES,
    minTimeout: 100,
    randomize: true,
    signal,
    shouldRetry: ({ error }) =>
      error instanceof TransportError && error.status !== 501 && (error.retryAfter ?? 0) <= LONGEST_PAUSE_SECONDS,
    onFailedAttempt: async ({ error, retriesLeft }) => {
      const retryAfter = error instanceof TransportError ? error.retryAfter : undefined
      if (retryAfter === undefined || retryAfter > LONGEST_PAUSE_SECONDS || retriesLeft === 0) return
      await pause(retryAfter * 1000, signal)
    },
  })
}

async function askOnce(way: Way, request: ServerRequest, signal: AbortSignal): Promise<HttpAnswer> {
  let response: Response
  let text: string
  try {
    response = await way.fetch(request.url, {
      method: 'POST',
      headers: { ...request.headers, 'content-type': 'application/json', accept: 'application/json' },
      body: request.body,
      // Not 'error': that looks like a network fault, and a redirected answer is an answer (F1).
      redirect: 'manual',
      signal,
    })
    text = await response.text()
  } catch (cause) {
    if (signal.aborted) throw signal.reason
    throw new TransportError('OpenFGA did not answer', { cause: safeCause(cause) })
  }
  const { status, headers } = response
  // The first in browsers and workers, the second in Node, the third where an injected fetch follows redirects.
  const redirected = response.type === 'opaqueredirect' || (status >= 300 && status < 400) || response.redirected
  if (!redirected && isOutage(status, text)) {
    const retryAfter = retryAfterSeconds(response, way.clock.now())
    throw new TransportError(`OpenFGA answered with status ${status}${inWords(serverErrorOf(text))}`, {
      status,
      ...(retryAfter !== undefined && { retryAfter }),
    })
  }
  return { status, redirected, headers, text }
}

function isOutage(status: number, text: string): boolean {
  if (status === 429 || status >= 500) return true
  return status === 422 && serverErrorOf(text)?.code === 'throttled_timeout_error'
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal.reason)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, milliseconds)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
