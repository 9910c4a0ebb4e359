import type { Answer, ApprovalQuestion } from '../approvals/index.ts'
import type { AuthorizationServer, TokenResponse } from '../authorization-server/server.ts'
import { BehalfError, InvalidResponseError, InvalidTokenError, OAuthResponseError } from '../errors/index.ts'
import type { Clock } from '../ports/index.ts'
import type { PollContext } from './poll-context.ts'
import { postpone } from './postpone.ts'
import { verifyBackchannelAnswer } from './verify-backchannel-answer.ts'
import { CIBA_GRANT, type CibaState, LONG_POLL_MS, SLOW_DOWN_SECONDS, storedState, withinDelivery } from './wire.ts'

/** Requests that wait for their answer now, in this process. Between processes, the record's lease keeps them apart. */
const underWay = new Set<string>()

/**
 * Asks once whether the person has answered, and lets the server hold the request open for 40 s. When to ask
 * again is the caller's part.
 *
 * @throws TransportError Nothing is known; ask again, not sooner than the interval.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#token_request | CIBA Core §10.1}
 */
export async function pollBackchannelAuthentication(
  state: CibaState,
  question: ApprovalQuestion,
  context: PollContext,
): Promise<Answer> {
  if (state.received !== undefined) return verified(state.received, state, question, context)
  const { server, clock, signal } = context
  // CIBA Core §10.1: never two requests for one id at a time. Another server may use the same id.
  const request = JSON.stringify([server.profile.issuer, server.profile.clientId, state.authReqId])
  if (underWay.has(request)) return { status: 'pending', interval: state.interval }
  underWay.add(request)
  let response: TokenResponse
  try {
    response = await server.grant(CIBA_GRANT, { auth_req_id: state.authReqId }, { signal, timeoutMs: LONG_POLL_MS })
  } catch (error) {
    if (error instanceof OAuthResponseError) return refusal(error, state, server, clock)
    // Whatever came back, it was no answer that the protocol knows: the request may be used up (single use).
    if (error instanceof InvalidResponseError) return { status: 'failed', detail: error.message }
    throw error
  } finally {
    underWay.delete(request)
  }
  return verified(response, state, question, context)
}

/** Verifies an answer, or keeps it until the keys to verify it with can be had. */
async function verified(
  response: TokenResponse,
  state: CibaState,
  question: ApprovalQuestion,
  context: PollContext,
): Promise<Answer> {
  try {
    return await verifyBackchannelAnswer(response, state, question, context)
  } catch (error) {
    const lacksKey = error instanceof InvalidTokenError && error.reason === 'unknown_key'
    if (!BehalfError.isInstance(error) || !(error.retryable || lacksKey)) throw error
    return postpone({ ...state, received: response }, error, context.clock.now() / 1000)
  }
}

function refusal(error: OAuthResponseError, state: CibaState, server: AuthorizationServer, clock: Clock): Answer {
  const isOver = clock.now() / 1000 >= state.expiresAt
  switch (error.error) {
    case 'authorization_pending':
      // A server may forget to say that it ran out; the local deadline stands (CIBA Core §7.3).
      return isOver ? { status: 'expired' } : pending(state, error, state.interval, clock)
    case 'slow_down':
      return isOver ? { status: 'expired' } : pending(state, error, state.interval + SLOW_DOWN_SECONDS, clock)
    case 'use_dpop_nonce':
      // RFC 9449 §8: refused for its proof, before the grant was looked at. The next one has the nonce.
      return isOver ? { status: 'expired' } : pending(state, error, state.interval, clock)
    case 'expired_token':
      return { status: 'expired' }
    case 'access_denied':
      // A6: where the profile cannot tell them apart, the local deadline does; in time, it is a no.
      return server.profile.ciba?.reportsExpiryAsDenied === true && isOver
        ? { status: 'expired' }
        : { status: 'denied' }
    case 'invalid_grant':
      // The id is single use (CIBA Core §10.1.1): whoever redeemed it before did not live to write it down.
      return { status: 'answer_lost' }
    default:
      // CIBA Core §11: after `invalid_request`, this id is never polled again. Any other refusal is as final.
      return { status: 'failed', detail: error.message }
  }
}

function pending(
  { faults: _, ...state }: CibaState,
  { retryAfter }: OAuthResponseError,
  interval: number,
  clock: Clock,
): Answer {
  return {
    status: 'pending',
    interval,
    state: storedState({ ...state, interval }),
    ...(retryAfter !== undefined && { retryAfter: withinDelivery(retryAfter, state, clock.now() / 1000) }),
  }
}
