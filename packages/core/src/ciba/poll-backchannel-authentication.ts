import type { Answer, ApprovalQuestion } from '../approvals/index.ts'
import type { AuthorizationServer, TokenResponse } from '../authorization-server/server.ts'
import { InvalidResponseError, OAuthResponseError } from '../errors/index.ts'
import type { Clock } from '../ports/index.ts'
import type { PollContext } from './poll-context.ts'
import { verifyBackchannelAnswer } from './verify-backchannel-answer.ts'
import { CIBA_GRANT, type CibaState, SLOW_DOWN_SECONDS } from './wire.ts'

/**
 * Asks once whether the person has answered. Waits for nothing; when to ask again is the caller's part.
 *
 * @throws TransportError Nothing is known; ask again, not sooner than the interval.
 * @see {@link https://openid.net/specs/openid-client-initiated-backchannel-authentication-core-1_0.html#token_request | CIBA Core §10.1}
 */
export async function pollBackchannelAuthentication(
  state: CibaState,
  question: ApprovalQuestion,
  { server, clock, signal }: PollContext,
): Promise<Answer> {
  let response: TokenResponse
  try {
    response = await server.grant(CIBA_GRANT, { auth_req_id: state.authReqId }, { signal })
  } catch (error) {
    if (error instanceof OAuthResponseError) return refusal(error, state, server, clock)
    // Whatever came back, it was no answer that the protocol knows: the request may be used up (single use).
    if (error instanceof InvalidResponseError) return { status: 'failed', detail: error.message }
    throw error
  }
  return verifyBackchannelAnswer(response, state, question, { server, clock, signal })
}

function refusal(error: OAuthResponseError, state: CibaState, server: AuthorizationServer, clock: Clock): Answer {
  const isOver = clock.now() / 1000 >= state.expiresAt
  switch (error.error) {
    case 'authorization_pending':
      // A server may forget to say that it ran out; the local deadline stands (CIBA Core §7.3).
      return isOver ? { status: 'expired' } : pending(state, error, state.interval)
    case 'slow_down':
      return isOver ? { status: 'expired' } : pending(state, error, state.interval + SLOW_DOWN_SECONDS)
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

function pending(state: CibaState, error: OAuthResponseError, interval: number): Answer {
  return {
    status: 'pending',
    interval,
    state: { ...state, interval },
    ...(error.retryAfter !== undefined && { retryAfter: error.retryAfter }),
  }
}
