import type { JsonObject } from '../base/contract/index.ts'
import { verifiedIdToken } from '../identity/verify-id-token.ts'
import { readActor } from '../identity/wire.ts'
import type { TokenResponse, VerifiedJwt } from '../oauth/server.ts'
import type { ApprovalQuestion } from '../runs/channels/approval-channel.ts'
import type { PollContext } from './settings.ts'
import { AUTH_REQ_ID_CLAIM, type CibaState } from './wire.ts'

/**
 * Maximum age of an id_token, in seconds. Clocks of servers differ by minutes at most, and an older token was made for
 * another question.
 */
const ISSUED_TOLERANCE_SECONDS = 300

/**
 * Result of the check that an answer is this person's: the problem of its id_token, or the time of their
 * authentication.
 */
export type AnswerIdentity =
  | { readonly problem: string }
  | {
      readonly problem?: undefined
      /** Epoch seconds, by the server's clock. */
      readonly authTime?: number
      readonly tenant?: string
      readonly evidence: JsonObject
    }

/**
 * Checks the id_token of an answer.
 *
 * Follows OpenID Connect Core §3.1.3.7 by way of CIBA Core §10.1.1. We add two rules: `sub` must equal the named
 * approver, and the token must not be older than the question.
 *
 * @throws InvalidTokenError It does not verify, is no id_token, or belongs to another client or access token.
 */
export async function checkAnswerIdentity(
  response: TokenResponse,
  state: CibaState,
  question: ApprovalQuestion,
  { server, signal }: PollContext,
): Promise<AnswerIdentity> {
  if (response.idToken === undefined) return { problem: 'the answer holds no id_token' }
  const { profile } = server
  const claims = await verifiedIdToken(server, response.idToken, { accessToken: response.accessToken, signal })
  const problem =
    personProblem(claims, question, server.profile) ?? timeProblem(claims, state) ?? requestProblem(claims, state)
  if (problem !== undefined) return { problem }
  const tenant = profile.token.tenant(claims)
  const { auth_time: authTime, acr, jti } = claims
  return {
    ...(typeof authTime === 'number' && { authTime }),
    ...(tenant !== undefined && { tenant }),
    evidence: {
      method: 'ciba',
      ...(typeof authTime === 'number' && { authTime }),
      ...(typeof acr === 'string' && { acr }),
      ...(typeof jti === 'string' && { jti }),
    },
  }
}

type Claims = VerifiedJwt['claims']

function personProblem(
  claims: Claims,
  { approver }: ApprovalQuestion,
  { token, actor }: PollContext['server']['profile'],
): string | undefined {
  const subject = token.subject === undefined ? claims.sub : token.subject(claims)
  if (subject !== approver.subject) return 'the id_token names another subject than the approver'
  if (claims.act !== undefined && readActor(claims.act)?.subject !== actor) {
    return 'the id_token names an actor, who answered in place of the approver'
  }
  if (approver.tenant !== undefined && token.tenant(claims) !== approver.tenant) {
    return "the id_token names another tenant than the approver's"
  }
  return undefined
}

/**
 * Returns the problem of an id_token's times: the client chooses the range of `iat` (OpenID Connect Core §3.1.3.7, 10).
 */
function timeProblem({ iat }: Claims, { sentAt = Number.NEGATIVE_INFINITY }: CibaState): string | undefined {
  if (typeof iat !== 'number') return 'the id_token does not say when it was issued'
  // A request of an earlier release did not keep when it was sent.
  if (iat < sentAt - ISSUED_TOLERANCE_SECONDS) return 'the id_token is older than the question'
  return undefined
}

function requestProblem(claims: Claims, { authReqId, acrValues }: CibaState): string | undefined {
  const answers = claims[AUTH_REQ_ID_CLAIM]
  if (answers !== undefined && answers !== authReqId) return 'the id_token answers another request'
  if (acrValues === undefined || acrValues.some((value) => value === claims.acr)) return undefined
  return 'the person was not authenticated as was asked (acr)'
}
