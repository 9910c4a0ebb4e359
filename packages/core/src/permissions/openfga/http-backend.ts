import pRetry from 'p-retry'
import { TransportError } from '../../base/errors/index.ts'
import type { Clock, Fetch } from '../../base/ports.ts'
import { pause } from '../../base/process/async.ts'
import { discardBody } from '../../base/values/index.ts'
import { revealToken, type Token } from '../../credential/token.ts'
import { withoutSecrets } from '../../oauth/requests/bounded-request.ts'
import { retryAfterSeconds } from '../../oauth/tokens/times.ts'
import { type Backend, correlationIds } from './backend.ts'
import { type HttpAnswer, inWords, readBatch, readCheck, serverErrorOf } from './read-answer.ts'
import type { TokenSource } from './token-source.ts'
import { batchRequest, checkRequest } from './wire.ts'

export interface Way {
  readonly fetch: Fetch
  readonly clock: Clock
  readonly tokens: TokenSource
}

export interface ServerRequest {
  readonly url: string
  readonly body: string
  /**
   * Responses after which a request is repeated. `'outage'`: every missing or unusable answer. `'throttled'`: only a
   * server's statement that it did nothing.
   */
  readonly repeatAfter: 'outage' | 'throttled'
}

/** Number of retries. The server's own deadlines end as 500, and many retries would multiply the load. */
const RETRIES = 2
/** Maximum pause before a retry, in seconds. If a server asks for a longer one, the call is unavailable. */
const LONGEST_PAUSE_SECONDS = 1

/**
 * Posts a request until there is an answer (E2).
 *
 * A question changes nothing, so it is repeated after network faults, 429, 5xx and throttling. A write is repeated
 * after 429 only: a write whose answer was lost may have happened, and may have been undone since.
 *
 * @throws TransportError No answer after that.
 */
export async function askServer(way: Way, request: ServerRequest, signal: AbortSignal): Promise<HttpAnswer> {
  const { response, redirected, text } = await repeat(request.repeatAfter, signal, async () => {
    const sent = await send(way, request, signal)
    const answered = { ...sent, text: await textOf(sent.response, signal) }
    refuseOutage(answered, way.clock)
    return answered
  })
  return { status: response.status, redirected, headers: response.headers, text }
}

/**
 * Asks as {@link askServer} does, but returns a 200 answer before its body has arrived. The reader reports an outage
 * within the body.
 */
export async function openAnswer(
  way: Way,
  request: ServerRequest,
  signal: AbortSignal,
): Promise<{ readonly stream: Response } | HttpAnswer> {
  return repeat(request.repeatAfter, signal, async () => {
    const sent = await send(way, request, signal)
    if (sent.response.status === 200 && !sent.redirected) return { stream: sent.response }
    const { response, redirected, text } = { ...sent, text: await textOf(sent.response, signal) }
    refuseOutage({ response, redirected, text }, way.clock)
    return { status: response.status, redirected, headers: response.headers, text }
  })
}

function repeat<Answer>(
  repeatAfter: ServerRequest['repeatAfter'],
  signal: AbortSignal,
  once: () => Promise<Answer>,
): Promise<Answer> {
  return pRetry(once, {
    retries: RETRIES,
    minTimeout: 100,
    randomize: true,
    signal,
    shouldRetry: ({ error }) =>
      error instanceof TransportError &&
      error.status !== 501 &&
      (error.retryAfter ?? 0) <= LONGEST_PAUSE_SECONDS &&
      (repeatAfter === 'outage' || error.status === 429),
    onFailedAttempt: async ({ error, retriesLeft }) => {
      const retryAfter = error instanceof TransportError ? error.retryAfter : undefined
      if (retryAfter === undefined || retryAfter > LONGEST_PAUSE_SECONDS || retriesLeft === 0) return
      await pause(retryAfter * 1000, signal)
    },
  })
}

interface Sent {
  readonly response: Response
  readonly redirected: boolean
}

async function send(way: Way, request: ServerRequest, signal: AbortSignal): Promise<Sent> {
  const token = await way.tokens.token(signal)
  let response = await post(way, request, token, signal)
  // A token may end before its time. Nothing was done with the request, so it may be sent again, once.
  if (response.status === 401 && way.tokens.drop(token)) {
    discardBody(response)
    response = await post(way, request, await way.tokens.token(signal), signal)
  }
  const { status } = response
  // The first case occurs in browsers and workers, the second in Node, the third if an injected fetch follows
  // redirects.
  const redirected = response.type === 'opaqueredirect' || (status >= 300 && status < 400) || response.redirected
  return { response, redirected }
}

async function post(
  way: Way,
  request: ServerRequest,
  token: Token | undefined,
  signal: AbortSignal,
): Promise<Response> {
  const init: RequestInit = {
    method: 'POST',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${revealToken(token)}` }),
      'content-type': 'application/json',
      accept: 'application/json',
    },
    body: request.body,
    // Not 'error': that would look like a network fault, but a redirect is an answer (F1).
    redirect: 'manual',
    signal,
  }
  try {
    return await way.fetch(request.url, init)
  } catch (cause) {
    throw unanswered(cause, signal, init)
  }
}

async function textOf(response: Response, signal: AbortSignal): Promise<string> {
  try {
    return await response.text()
  } catch (cause) {
    throw unanswered(cause, signal)
  }
}

/** Returns the error that a reader of an answer throws when it breaks off. */
export function unanswered(cause: unknown, signal: AbortSignal, init?: RequestInit): unknown {
  if (signal.aborted) return signal.reason
  return new TransportError('OpenFGA did not answer', { cause: withoutSecrets(cause, init) })
}

function refuseOutage({ response, redirected, text }: Sent & { readonly text: string }, clock: Clock): void {
  const { status } = response
  if (redirected || (status < 500 && status !== 429 && status !== 422)) return
  const error = serverErrorOf(text)
  if (status === 422 && error?.code !== 'throttled_timeout_error') return
  const retryAfter = retryAfterSeconds(response, clock.now())
  throw new TransportError(`OpenFGA answered with status ${status}${inWords(error)}`, {
    status,
    ...(retryAfter !== undefined && { retryAfter }),
  })
}

/** Address and model of the store, and the means to reach it. */
export interface StoreConnection extends Way {
  readonly storeUrl: string
  readonly authorizationModelId: string
}

/** Sends a question to the store. It changes nothing, so it may be repeated. */
export function questionTo(store: StoreConnection, endpoint: string, body: string): ServerRequest {
  return { url: `${store.storeUrl}/${endpoint}`, body, repeatAfter: 'outage' }
}

/** Makes the backend for OpenFGA's own HTTP API. */
export function httpBackend(store: StoreConnection): Backend {
  const { authorizationModelId } = store
  return {
    check: async (question, consistency, signal) => {
      const body = checkRequest(question, { authorizationModelId, consistency })
      return readCheck(await askServer(store, questionTo(store, 'check', body), signal), authorizationModelId)
    },
    batch: async (questions, consistency, signal) => {
      const ids = correlationIds(questions.length)
      const byId = new Map(questions.map((question, index) => [ids[index] as string, question]))
      const body = batchRequest(byId, { authorizationModelId, consistency })
      const answer = await askServer(store, questionTo(store, 'batch-check', body), signal)
      return readBatch(answer, authorizationModelId, ids)
    },
  }
}
