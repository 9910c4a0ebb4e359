import type { Answer, ApprovalQuestion } from '../approvals/index.ts'
import { type Profile, type TokenResponse, tokenEnd } from '../authorization-server/index.ts'
import type { Json } from '../contract/index.ts'
import { Token } from '../credential/token.ts'
import { InvalidTokenError } from '../errors/index.ts'
import { isBound, readActor } from '../identity/wire.ts'
import { meansSame } from '../lib/index.ts'
import type { PollContext } from './poll-context.ts'
import type { CibaState } from './wire.ts'

const failed = (detail: string): Answer => ({ status: 'failed', detail })

/**
 * Decides whether a successful token response is this person's approval of this question.
 *
 * The id_token has to verify and to name the approver; the granted details have to equal what was
 * asked; a token that is to be the credential has to be for that resource, within those scopes.
 * Anything else is `failed`: a server that grants less, more or other has not granted this.
 */
export async function verifyBackchannelAnswer(
  response: TokenResponse,
  state: CibaState,
  question: ApprovalQuestion,
  context: PollContext,
): Promise<Answer> {
  try {
    const problem = await identityProblem(response, question, context)
    if (problem !== undefined) return failed(problem)
    const { credential } = question
    if (credential === undefined) {
      return state.detailsSent && !grantedAsAsked(response.authorizationDetails, question)
        ? failed('the granted authorization_details differ from what was asked')
        : { status: 'approved' }
    }
    return await credentialAnswer(response, state, { ...question, credential }, context)
  } catch (error) {
    if (error instanceof InvalidTokenError) return failed(`the answer does not verify: ${error.message}`)
    throw error
  }
}

/** OpenID Connect Core §3.1.3.7 by way of CIBA Core §10.1.1; `sub` equal to the approver is our addition. */
async function identityProblem(
  response: TokenResponse,
  { approver }: ApprovalQuestion,
  { server, signal }: PollContext,
): Promise<string | undefined> {
  if (response.idToken === undefined) return 'the answer holds no id_token'
  const { claims } = await server.verifyJwt(response.idToken, { audience: server.profile.clientId, signal })
  if (claims.sub !== approver.subject) return 'somebody else answered: the id_token names another subject'
  if (approver.tenant !== undefined && server.profile.token.tenant(claims) !== approver.tenant) {
    return 'somebody else answered: the id_token names another tenant'
  }
  // `azp` of an id_token for several parties is checked with the response itself.
  return undefined
}

async function credentialAnswer(
  response: TokenResponse,
  state: CibaState,
  question: ApprovalQuestion & { readonly credential: NonNullable<ApprovalQuestion['credential']> },
  { server, clock, signal }: PollContext,
): Promise<Answer> {
  const { credential, approver } = question
  if (response.tokenType.toLowerCase() !== 'bearer')
    return failed(`a ${response.tokenType} token came where Bearer was asked`)
  const { claims } = await server.verifyJwt(response.accessToken, {
    audience: credential.resource,
    types: server.profile.token.accessTokenTypes,
    signal,
  })
  const problem = tokenProblem(claims, approver.subject, server.profile)
  if (problem !== undefined) return failed(problem)
  const inToken = claims.authorization_details
  const details = response.authorizationDetails ?? inToken
  if (state.detailsSent && !(grantedAsAsked(details, question) && grantedAsAsked(inToken ?? details, question))) {
    return failed('the granted authorization_details differ from what was asked')
  }
  // RFC 6749 §5.1: an absent `scope` means that all of it was granted.
  const granted = (response.scopes ?? credential.scopes).filter((scope) => scope !== 'openid')
  if (!granted.every((scope) => credential.scopes.includes(scope))) return failed('more scopes came than were asked')
  if (!credential.scopes.every((scope) => granted.includes(scope))) return failed('fewer scopes came than were asked')
  const actor = readActor(claims.act)
  // A5: the approval ends with its token.
  const expiresAt = tokenEnd(clock.now() / 1000, response.expiresIn, claims.exp)
  return {
    status: 'approved',
    token: {
      value: new Token(response.accessToken),
      scopes: granted,
      ...(expiresAt !== undefined && { expiresAt }),
      ...(actor !== undefined && { actor }),
    },
  }
}

/** I7, I8: for the approver, for us, and not bound to a key that we lack. */
function tokenProblem(
  claims: Readonly<Record<string, unknown>>,
  subject: string,
  { token, clientId }: Profile,
): string | undefined {
  if (claims.sub !== subject) return 'the access token names another subject'
  const issuedTo = token.clientId(claims)
  if (issuedTo !== undefined && issuedTo !== clientId) return 'the access token was issued to another client'
  return isBound(claims) ? 'the access token is bound to a key that nobody here holds' : undefined
}

/** RFC 9396 §7: the server tells what it granted; we compare it with what the person was asked. */
function grantedAsAsked(granted: unknown, { details }: ApprovalQuestion): boolean {
  return meansSame(granted, details as unknown as Json)
}
