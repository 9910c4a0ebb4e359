import { BehalfError, InvalidResponseError, InvalidTokenError, OAuthResponseError } from '../base/errors/index.ts'
import { OpenWork } from '../base/process/async.ts'
import type { TokenResponse } from '../oauth/server.ts'
import type { ApprovalAnswer, ApprovalQuestion } from '../runs/channels/approval-channel.ts'
import type { PollContext } from './settings.ts'
import { verifyBackchannelAnswer } from './verify-backchannel-answer.ts'
import { CIBA_GRANT, type CibaState, LONG_POLL_MS, SLOW_DOWN_SECONDS, storedState } from './wire.ts'

/** Maximum wait between polls after faults. Seconds. */
const MAX_WAIT_SECONDS = 120

/**
 * Postpones the next poll after one without a usable response: longer with each consecutive fault, to a random time
 * (E2). Never sooner than the interval, nor than the server asked for.
 * @param now - Epoch seconds.
 */
export function postpone(
  state: CibaState,
  error: BehalfError,
  now: number,
  random: () => number = Math.random,
): ApprovalAnswer {
  const faults = (state.faults ?? 0) + 1
  const most = Math.min(MAX_WAIT_SECONDS, state.interval * 2 ** faults)
  const asked = 'retryAfter' in error && typeof error.retryAfter === 'number' ? error.retryAfter : 0
  return {
    status: 'pending',
    found: state.received === undefined ? 'nothing' : 'answered',
    interval: state.interval,
    // Adds jitter to the server's value: it sent the same value to every client.
    retryAfter: Math.max(asked, state.interval) + random() * Math.max(0, most - state.interval),
    state: storedState({ ...state, faults, respondedAt: now }),
  }
}

/** Requests that wait for their answer now, in this process. Between processes, the record's lease keeps them apart. */
const underWay = new OpenWork<true>()

/**
 * Asks once whether the person has answered, and lets the server hold the request open for 40 s. The caller decides
 * when to ask again.
 *
 * @throws TransportError Nothing is known; ask again, not sooner than the interval.
 * @see
 *   {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#token_request | CIBA Core §10.1}
 */
export async function pollBackchannelAuthentication(
  state: CibaState,
  question: ApprovalQuestion,
  context: PollContext,
): Promise<ApprovalAnswer> {
  if (state.received !== undefined) return verified(state.received, state, question, context)
  const { server, clock, signal, settings } = context
  const idle: ApprovalAnswer = { status: 'pending', found: 'nothing', interval: state.interval }
  // The last poll before the end finds an answer whose ping was lost.
  const isLast = clock.now() / 1000 + state.interval >= state.expiresAt
  if (settings.ping === 'only' && state.pinged !== true && !isLast) return idle
  // CIBA Core §10.1: sends at most one request for an id at a time. Another server may use the same id.
  const request = JSON.stringify([server.profile.issuer, server.profile.clientId, state.authReqId])
  if (underWay.has(request)) return idle
  underWay.set(request, true)
  // A ping makes a poll due at once, and a server may count it as too early.
  const isEarly = clock.now() / 1000 < (state.respondedAt ?? 0) + state.interval
  let response: TokenResponse
  try {
    response = await server.grant(CIBA_GRANT, { auth_req_id: state.authReqId }, { signal, timeoutMs: LONG_POLL_MS })
  } catch (error) {
    if (error instanceof OAuthResponseError) return refusal(error, state, context, isEarly)
    if (!(error instanceof InvalidResponseError)) throw error
    // A proxy's page says nothing about the request. A token response that breaks the rules is the answer, and
    // consumed: the id is single use.
    if (error.unreadable) return postpone(state, error, clock.now() / 1000)
    return { status: 'failed', detail: error.message }
  } finally {
    underWay.delete(request)
  }
  return verified(response, state, question, context)
}

/** Verifies an answer, or keeps it until the keys for its verification are available. */
async function verified(
  response: TokenResponse,
  state: CibaState,
  question: ApprovalQuestion,
  context: PollContext,
): Promise<ApprovalAnswer> {
  try {
    return await verifyBackchannelAnswer(response, state, question, context)
  } catch (error) {
    if (!BehalfError.isInstance(error) || !(error.retryable || lacksKeys(error))) throw error
    return postpone({ ...state, received: response }, error, context.clock.now() / 1000)
  }
}

/** Returns whether keys are missing: the issuer may publish the key soon, or a proxy answered with a page. */
const lacksKeys = (error: BehalfError): boolean =>
  error instanceof InvalidResponseError || (error instanceof InvalidTokenError && error.reason === 'unknown_key')

function refusal(
  error: OAuthResponseError,
  state: CibaState,
  { server, clock }: PollContext,
  isEarly: boolean,
): ApprovalAnswer {
  const now = clock.now() / 1000
  const isOver = now >= state.expiresAt
  switch (error.error) {
    case 'authorization_pending':
    case 'use_dpop_nonce':
      // RFC 9449 §8: the server refused the proof, before it examined the grant. The next request has the nonce. A
      // server may forget to report expiry, so the local deadline applies (CIBA Core §7.3).
      return isOver ? { status: 'expired' } : pending(state, error, now)
    case 'slow_down':
      return isOver ? { status: 'expired' } : slower(state, error, now)
    case 'invalid_request':
      // Servers also send this to a client that polls too fast. Otherwise, this id is never polled again (CIBA Core
      // §11).
      if (!isOver && (state.slowedDown === true || isEarly)) return slower(state, error, now)
      return { status: 'failed', detail: error.message }
    case 'server_error':
    case 'temporarily_unavailable':
      return postpone(state, error, now)
    case 'expired_token':
      return { status: 'expired' }
    case 'access_denied':
      // A6: if the profile cannot distinguish them, the local deadline does; before it, the answer is a denial.
      return server.profile.ciba?.reportsExpiryAsDenied === true && isOver
        ? { status: 'expired' }
        : { status: 'denied' }
    case 'invalid_grant':
      // The id is single use (CIBA Core §10.1.1): a process redeemed it before, and died before it stored the answer.
      return { status: 'answer_lost' }
    default:
      return { status: 'failed', detail: error.message }
  }
}

function slower(state: CibaState, error: OAuthResponseError, now: number): ApprovalAnswer {
  return pending({ ...state, interval: state.interval + SLOW_DOWN_SECONDS }, error, now, true)
}

function pending(
  { faults: _, slowedDown: __, ...state }: CibaState,
  { retryAfter }: OAuthResponseError,
  now: number,
  slowedDown?: true,
): ApprovalAnswer {
  return {
    status: 'pending',
    interval: state.interval,
    state: storedState({ ...state, respondedAt: now, ...(slowedDown && { slowedDown }) }),
    ...(retryAfter !== undefined && { retryAfter }),
  }
}
