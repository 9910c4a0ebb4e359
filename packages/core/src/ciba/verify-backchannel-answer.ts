import type { AuthorizationDetail, Json } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'
import { defined, meansSame, snapshot } from '../base/values/index.ts'
import { Token } from '../credential/token.ts'
import { checkAccessToken, checkBinding } from '../identity/check-access-token.ts'
import { isForOthers, readActor } from '../identity/wire.ts'
import { isOfOtherClient, unverifiedClaims } from '../oauth/jwt/read-claims.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import type { TokenResponse, VerifiedJwt } from '../oauth/server.ts'
import { grantedScopes } from '../oauth/tokens/scopes.ts'
import { tokenEnd } from '../oauth/tokens/times.ts'
import type { ApprovalAnswer, ApprovalQuestion } from '../runs/channels/approval-channel.ts'
import { type AnswerIdentity, checkAnswerIdentity } from './check-answer-identity.ts'
import type { PollContext } from './settings.ts'
import type { CibaState } from './wire.ts'

type Proved = Extract<AnswerIdentity, { readonly problem?: undefined }>

const failed = (detail: string): ApprovalAnswer => ({ status: 'failed', detail })

/**
 * Decides whether a successful token response is this person's approval of this question.
 *
 * The id_token must verify and name the approver. The granted details must equal the requested ones. A token that
 * becomes the credential must be for that resource, within those scopes. Anything else is `failed`: a server that
 * grants less, more or something else has not granted this request.
 *
 * @throws InvalidTokenError `unknown_key`: the issuer may publish the key in a moment. Verify the same answer again.
 */
export async function verifyBackchannelAnswer(
  response: TokenResponse,
  state: CibaState,
  question: ApprovalQuestion,
  context: PollContext,
): Promise<ApprovalAnswer> {
  try {
    const identity = await checkAnswerIdentity(response, state, question, context)
    if (identity.problem !== undefined) return failed(identity.problem)
    const { credential } = question
    if (credential === undefined) {
      return state.detailsSent && !grantedAsAsked(response.authorizationDetails, question, context)
        ? failed('the granted authorization_details differ from the requested ones')
        : proved({ status: 'approved' }, identity)
    }
    const asked = { ...question, credential }
    return proved(await credentialAnswer(response, state, asked, { ...context, tenant: identity.tenant }), identity)
  } catch (error) {
    const isFinal = error instanceof InvalidTokenError && error.reason !== 'unknown_key'
    if (isFinal) return failed(`the answer does not verify: ${error.message}`)
    throw error
  }
}

/**
 * Returns the answer with its time. The person authenticates in order to answer, so `auth_time` is the time of the
 * answer (CIBA Core §10.1.1).
 */
const proved = (answer: ApprovalAnswer, { authTime, evidence }: Proved): ApprovalAnswer =>
  answer.status === 'approved'
    ? { ...answer, evidence, ...(authTime !== undefined && { answeredAt: authTime }) }
    : answer

async function credentialAnswer(
  response: TokenResponse,
  state: CibaState,
  question: ApprovalQuestion & { readonly credential: NonNullable<ApprovalQuestion['credential']> },
  context: PollContext & { readonly tenant: string | undefined },
): Promise<ApprovalAnswer> {
  const { server, clock } = context
  const { credential, approver } = question
  const asked = server.profile.dpop === undefined ? 'bearer' : 'dpop'
  // I8: a thief could use a token that is not bound to our key.
  if (response.tokenType !== asked) return failed(`a ${response.tokenType} token came where ${asked} was asked`)
  const found = await claimsOf(response.accessToken, { ...credential, subject: approver.subject }, context)
  if ('problem' in found) return failed(found.problem)
  const { claims = {} } = found
  const inToken = claims.authorization_details
  const details = response.authorizationDetails ?? inToken
  const isAsAsked = (granted: unknown) => grantedAsAsked(granted, question, context)
  if (state.detailsSent && !(isAsAsked(details) && isAsAsked(inToken ?? details))) {
    return failed('the granted authorization_details differ from the requested ones')
  }
  const { scopes: claimOf, unaskedScopes = [] } = server.profile.token
  const granted = grantedScopes(
    // Every backchannel request asks for it (CIBA Core §7.1); it opens no API.
    { scopes: claimOf, unaskedScopes: [...unaskedScopes, 'openid'] },
    { asked: credential.scopes, answered: response.scopes, claims: found.claims },
  )
  if ('problem' in granted) return failed(`the authorization server ${granted.problem}`)
  if (!credential.scopes.every((scope) => granted.scopes?.includes(scope))) {
    return failed('fewer scopes were granted than requested')
  }
  const actor = readActor(claims.act)
  // A5: the approval ends with its token.
  const expiresAt = tokenEnd(clock.now() / 1000, response.expiresIn, claims.exp)
  return {
    status: 'approved',
    token: {
      value: new Token(response.accessToken),
      scopes: credential.scopes,
      ...defined({ expiresAt, actor }),
      ...(server.profile.dpop !== undefined && { keyThumbprint: server.profile.dpop.thumbprint }),
    },
  }
}

/**
 * Returns the verified claims of an access token. An opaque token has none: it comes from the server itself, with the
 * id_token of the approver, and its API asks the server about it.
 */
async function claimsOf(
  token: string,
  { resource, subject }: { readonly resource: string; readonly subject: string },
  { server, signal, tenant }: PollContext & { readonly tenant: string | undefined },
): Promise<{ readonly claims?: VerifiedJwt['claims'] } | { readonly problem: string }> {
  const { profile } = server
  if ((await unverifiedClaims(token)) === undefined) {
    if (profile.actor === undefined) return {}
    return { problem: 'the access token is opaque, so who acts cannot be checked' }
  }
  const verified = await server.verifyJwt(token, { audience: resource, types: profile.token.accessTokenTypes, signal })
  checkAccessToken(profile, verified)
  const { claims } = verified
  if (isForOthers(claims, [resource], profile.token)) return { problem: 'the access token is for other APIs too' }
  const problem = tokenProblem(claims, { subject, tenant }, profile)
  return problem === undefined ? { claims } : { problem }
}

/**
 * Returns the problem of a token. I7, I8: it must be for the approver and for us, and bound to our key if we have one,
 * else to no key.
 * @throws InvalidTokenError `binding`
 */
function tokenProblem(
  claims: Readonly<Record<string, unknown>>,
  { subject, tenant }: { readonly subject: string; readonly tenant: string | undefined },
  profile: Profile,
): string | undefined {
  const { token, dpop, actor } = profile
  if ((token.subject === undefined ? claims.sub : token.subject(claims)) !== subject) {
    return 'the access token names another subject'
  }
  // A subject names a person only within one tenant.
  const named = token.tenant(claims)
  if (named !== undefined && named !== tenant) return 'the access token names another tenant than the id_token'
  if (isOfOtherClient(profile, claims)) return 'the access token was issued to another client'
  if (actor !== undefined && readActor(claims.act)?.subject !== actor) {
    return 'the access token does not name our agent as its actor'
  }
  checkBinding(claims, dpop?.thumbprint)
  return undefined
}

/** Compares the granted details with the question for the person (RFC 9396 §7). */
function grantedAsAsked(
  granted: unknown,
  { details }: ApprovalQuestion,
  { settings: { sameDetails } }: PollContext,
): boolean {
  if (sameDetails === undefined) return meansSame(granted, details as unknown as Json)
  const copied = snapshot(granted)
  if ('problem' in copied || !Array.isArray(copied.value)) return false
  return sameDetails(copied.value as unknown as readonly AuthorizationDetail[], details) === true
}
