import type { JWTPayload } from 'jose'
import { optional, required, words } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { GrantRequest, GrantServer } from '../server-facts.ts'
import type { Session } from '../state.ts'
import type { ActorClaim } from '../tokens/access-token.ts'
import { actorClaim } from '../tokens/claims.ts'
import { type OwnToken, requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from '../tokens/subject-token.ts'
import { apiScopes, grantedScopes, narrowedDetails, requestedAudience, understoodDetails } from './grant-targets.ts'
import { issueIdJag } from './issue-id-jag.ts'

/**
 * Exchanges a user's token for one limited to another API: delegation, with the client's agent in `act`.
 *
 * `scope` must be given (RFC 6749 §3.3 lets a server insist), so that no client gets default scopes by omission. The
 * new token has the authorization details of the subject token, or fewer: details that no person approved cannot be
 * added.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693 | RFC 8693}
 */
export async function exchangeToken(server: GrantServer, request: GrantRequest): Promise<object> {
  const { client, parameters, proof } = request
  const type = required(parameters, 'subject_token_type')
  const subject = await verifyOwnToken(server, required(parameters, 'subject_token'), type, 'subject_token')
  requireOwnAudience(server, client, subject, type)
  const wanted = optional(parameters, 'requested_token_type') ?? TOKEN_TYPE.accessToken
  if (wanted === TOKEN_TYPE.idJag) return issueIdJag(server, request, subject)
  // RFC 9449 gives no rule; a bound token must not become one that any holder can use.
  if (subject.cnf !== undefined && proof === undefined) {
    throw new Refusal('invalid_request', 'subject_token is bound to a key: send a DPoP proof')
  }
  if (wanted !== TOKEN_TYPE.accessToken && wanted !== TOKEN_TYPE.jwt) {
    throw new Refusal('invalid_request', `requested_token_type is not issued here: ${wanted}`)
  }
  const requested = words(optional(parameters, 'scope'))
  if (requested.length === 0) throw new Refusal('invalid_scope', 'scope must be given')
  if (apiScopes(requested).length < requested.length) {
    throw new Refusal('invalid_scope', 'OpenID Connect scopes are not exchanged')
  }
  const audience = requestedAudience(server, parameters)
  const scopes = grantedScopes(server, { client, subject: subject.sub, requested, audience })
  const isSame = [subject.aud ?? []].flat().some((identifier) => audience.includes(identifier))
  if (isSame) requireWithinSubject(subject, requested)
  // For another API. A second token for the same one would be a second approval.
  const held = isSame ? undefined : understoodDetails(server, subject.authorization_details, audience)
  const issued = await server.issueAccessToken({
    clientId: client.clientId,
    subject: subject.sub,
    audience,
    scopes,
    actor: await actorOf(server, request, subject),
    authorizationDetails: narrowedDetails(parameters, held),
    session: sessionOf(subject),
    thumbprint: proof?.thumbprint,
    chainOf: subject.jti,
    notAfter: subject.exp,
  })
  return { ...issued, issued_token_type: wanted }
}

/** A token for the same API cannot gain scopes by being exchanged. */
function requireWithinSubject(subject: JWTPayload, requested: readonly string[]): void {
  const held = words(String(subject.scope ?? ''))
  const beyond = requested.find((scope) => !held.includes(scope))
  if (beyond !== undefined) throw new Refusal('invalid_scope', `the subject token does not have ${beyond}`)
}

/** Returns the actor claim: the new actor outermost, earlier ones nested inside (RFC 8693 §4.1). */
async function actorOf(
  server: GrantServer,
  { client, parameters }: GrantRequest,
  subject: JWTPayload,
): Promise<ActorClaim> {
  const { clientId } = client
  const token = optional(parameters, 'actor_token')
  const type = optional(parameters, 'actor_token_type')
  // §2.1: required with an actor token, and forbidden without one.
  if ((token === undefined) !== (type === undefined)) {
    throw new Refusal('invalid_request', 'actor_token and actor_token_type go together')
  }
  let outermost = actorClaim(server, client)
  if (token !== undefined && type !== undefined) {
    const claims = await verifyOwnToken(server, token, type, 'actor_token')
    if (claims[server.clientIdClaim] !== clientId) {
      throw new Refusal('invalid_request', 'actor_token is of another client')
    }
    if (claims.sub !== clientId) outermost = { sub: claims.sub, iss: server.issuer, client_id: clientId }
  }
  requireMayAct(subject, outermost)
  const inner = subject.act as ActorClaim | undefined
  if (depthOf(inner) >= server.maxActorDepth) {
    throw new Refusal('invalid_request', `act would nest deeper than ${server.maxActorDepth}`)
  }
  return inner === undefined ? outermost : { ...outermost, act: inner }
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-4.4 | RFC 8693 §4.4} */
function requireMayAct(subject: JWTPayload, actor: ActorClaim): void {
  if (subject.may_act === undefined) return
  const named = Object.entries(subject.may_act as Record<string, unknown>)
  if (named.length === 0 || named.some(([claim, value]) => actor[claim] !== value)) {
    throw new Refusal('invalid_request', 'may_act of the subject token names another actor')
  }
}

function depthOf(actor: ActorClaim | undefined): number {
  return actor === undefined ? 0 : 1 + depthOf(actor.act)
}

/** Returns the login behind a token of this server. */
export function sessionOf(subject: OwnToken): Session | undefined {
  if (typeof subject.auth_time !== 'number') return undefined
  return { subject: subject.sub, authTime: subject.auth_time, acr: String(subject.acr), sessionId: String(subject.sid) }
}
