import type { JWTPayload } from 'jose'
import { optional, required, words } from '../../http/received.ts'
import { Refusal } from '../../http/refusal.ts'
import type { DpopProof } from '../dpop.ts'
import { grantedScopes, narrowedDetails, requestedAudience, understoodDetails } from '../grant-targets.ts'
import { type ActorClaim, apiScopes, issueAccessToken } from '../issue-tokens.ts'
import type { MockClient } from '../options.ts'
import { requireConfidential, type ServerContext } from '../server-context.ts'
import { clientIdOf, requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from '../subject-token.ts'
import { issueIdJag } from './issue-id-jag.ts'

/**
 * Exchanges a user's token for one limited to another API: delegation, with the client's agent in `act`.
 *
 * `scope` must be given (RFC 6749 §3.3 lets a server insist), so that no client gets default scopes by omission. The
 * new token has the authorization details of the subject token, or fewer: details that no person approved cannot be
 * added.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693 | RFC 8693}
 */
export async function exchangeToken(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
  proof?: DpopProof,
): Promise<object> {
  requireConfidential(client)
  const type = required(parameters, 'subject_token_type')
  const subject = await verifyOwnToken(context, required(parameters, 'subject_token'), type, 'subject_token')
  requireOwnAudience(context, client, subject, type, 'subject_token')
  if (optional(parameters, 'requested_token_type') === TOKEN_TYPE.idJag) {
    return issueIdJag(context, client, parameters, subject, proof)
  }
  // RFC 9449 gives no rule; a bound token must not become one that any holder can use.
  if (isBound(subject) && proof === undefined) {
    throw new Refusal('invalid_request', 'subject_token is bound to a key: send a DPoP proof')
  }
  const wanted = optional(parameters, 'requested_token_type') ?? TOKEN_TYPE.accessToken
  if (wanted !== TOKEN_TYPE.accessToken && wanted !== TOKEN_TYPE.jwt) {
    throw new Refusal('invalid_request', `requested_token_type is not issued here: ${wanted}`)
  }
  const requested = words(optional(parameters, 'scope'))
  if (requested.length === 0) throw new Refusal('invalid_scope', 'scope must be given')
  if (apiScopes(requested).length < requested.length) {
    throw new Refusal('invalid_scope', 'OpenID Connect scopes are not exchanged')
  }
  const audience = requestedAudience(context, parameters)
  requireWithinSubject(subject, audience, requested)
  const actor = await actorOf(context, client, parameters, subject)
  const issued = await issueAccessToken(context, {
    clientId: client.clientId,
    subject: subject.sub,
    audience,
    scopes: grantedScopes(context, { client, subject: subject.sub, requested, audience }),
    actor,
    authorizationDetails: narrowedDetails(parameters, heldDetails(context, subject, audience)),
    session: sessionOf(subject),
    thumbprint: proof?.thumbprint,
    grant: context.state.grantsByTokenId.get(subject.jti ?? ''),
    notAfter: subject.exp,
  })
  return { ...issued, issued_token_type: wanted }
}

const isBound = (claims: JWTPayload): boolean => claims.cnf !== undefined

/** A token for the same API cannot gain scopes by being exchanged. */
function requireWithinSubject(subject: JWTPayload, audience: readonly string[], requested: readonly string[]): void {
  const same = [subject.aud ?? []].flat().some((identifier) => audience.includes(identifier))
  const held = words(String(subject.scope ?? ''))
  const beyond = requested.find((scope) => !held.includes(scope))
  if (same && beyond !== undefined) throw new Refusal('invalid_scope', `the subject token does not have ${beyond}`)
}

/** Returns the details for another API. A second token for the same one would be a second approval. */
function heldDetails(context: ServerContext, subject: JWTPayload, audience: readonly string[]) {
  if ([subject.aud ?? []].flat().some((identifier) => audience.includes(identifier))) return undefined
  return understoodDetails(context, subject.authorization_details, audience)
}

/** Returns the actor claim: the new actor outermost, earlier ones nested inside (RFC 8693 §4.1). */
async function actorOf(
  context: ServerContext,
  client: MockClient,
  parameters: URLSearchParams,
  subject: JWTPayload,
): Promise<ActorClaim> {
  const token = optional(parameters, 'actor_token')
  const type = optional(parameters, 'actor_token_type')
  // §2.1: required with an actor token, and forbidden without one.
  if ((token === undefined) !== (type === undefined)) {
    throw new Refusal('invalid_request', 'actor_token and actor_token_type go together')
  }
  let outermost = actorClaim(context, client)
  if (token !== undefined && type !== undefined) {
    const claims = await verifyOwnToken(context, token, type, 'actor_token')
    if (clientIdOf(context, claims) !== client.clientId)
      throw new Refusal('invalid_request', 'actor_token is of another client')
    if (claims.sub !== client.clientId) outermost = { sub: claims.sub, iss: context.issuer, client_id: client.clientId }
  }
  requireMayAct(subject, outermost)
  const inner = subject.act as ActorClaim | undefined
  if (depthOf(inner) >= context.maxActorDepth) {
    throw new Refusal('invalid_request', `act would nest deeper than ${context.maxActorDepth}`)
  }
  return inner === undefined ? outermost : { ...outermost, act: inner }
}

/** Returns the name of a client, as in `act`. */
export function actorClaim(context: ServerContext, client: MockClient): ActorClaim {
  return {
    sub: client.actor?.subject ?? client.clientId,
    iss: context.issuer,
    client_id: client.clientId,
    ...(client.actor?.profile !== undefined && { sub_profile: client.actor.profile }),
  }
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

function sessionOf(subject: JWTPayload & { readonly sub: string }) {
  if (typeof subject.auth_time !== 'number') return undefined
  return { subject: subject.sub, authTime: subject.auth_time, acr: String(subject.acr), sessionId: String(subject.sid) }
}
