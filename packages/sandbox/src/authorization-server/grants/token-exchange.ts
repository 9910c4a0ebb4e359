import type { JWTPayload } from 'jose'
import { errors } from 'oidc-provider'
import { validateDpop } from 'oidc-provider/lib/helpers/grants.js'
import { askedDetails, narrowedDetails, understoodDetails } from '../authorization-details.ts'
import { GRANT } from '../client-metadata.ts'
import { type ServerContext, words } from '../server-context.ts'
import { type ActorClaim, actorClaim } from '../token-claims.ts'
import type { CustomGrant, GrantContext } from './grant.ts'
import { issueAccessToken, requireAllowedScopes } from './issue-access-token.ts'
import { issueIdJag } from './issue-id-jag.ts'
import { optional, repeated, required } from './parameters.ts'
import { type OwnToken, requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from './subject-token.ts'

/**
 * Exchanges a user's token for one limited to another API: delegation, with the client's agent in `act`. If the request
 * asks for an ID-JAG, it asserts the user to another authorization server instead.
 *
 * `scope` must be given (RFC 6749 §3.3 lets a server insist), so that no client gets default scopes by omission. The
 * new token has the authorization details of the subject token, or fewer: details that no person approved cannot be
 * added.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693 | RFC 8693}
 */
export const tokenExchange: CustomGrant = {
  type: GRANT.tokenExchange,
  parameters: [
    ...['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type'],
    ...['resource', 'audience', 'scope', 'authorization_details'],
  ],
  repeatable: ['resource', 'audience'],
  async handle(context, ctx) {
    const type = required(ctx, 'subject_token_type')
    const subject = await verifyOwnToken(context, required(ctx, 'subject_token'), type, 'subject_token')
    requireOwnAudience(context, ctx.oidc.client.clientId, subject, type)
    const wanted = optional(ctx, 'requested_token_type') ?? TOKEN_TYPE.accessToken
    if (wanted === TOKEN_TYPE.idJag) return issueIdJag(context, ctx, subject)
    if (wanted !== TOKEN_TYPE.accessToken && wanted !== TOKEN_TYPE.jwt) {
      throw new errors.InvalidRequest(`requested_token_type is not issued here: ${wanted}`)
    }
    return delegate(context, ctx, subject, wanted)
  },
}

async function delegate(
  context: ServerContext,
  ctx: GrantContext,
  subject: OwnToken,
  issuedTokenType: string,
): Promise<object> {
  const proof = await validateDpop(context.provider, ctx)
  // RFC 9449 gives no rule; a bound token must not become one that any holder can use.
  if (subject.cnf !== undefined && proof === undefined) {
    throw new errors.InvalidRequest('subject_token is bound to a key: send a DPoP proof')
  }
  const resource = targetOf(ctx)
  const scopes = words(optional(ctx, 'scope'))
  if (scopes.length === 0) throw new errors.InvalidScope('scope must be given', '')
  requireAllowedScopes(context, ctx, { resource, scopes })
  requireWithinSubject(subject, resource, scopes)
  // For another API. A second token for the same one would be a second approval.
  const isSame = [subject.aud ?? []].flat().includes(resource)
  const held = isSame ? undefined : understoodDetails(context, subject.authorization_details, resource)
  const { acr, auth_time, sid } = subject
  return issueAccessToken(context, ctx, {
    gty: 'token_exchange',
    subject: subject.sub,
    resource,
    scopes,
    claims: { acr, auth_time, sid, act: await actorOf(context, ctx, subject) },
    grantId: context.state.grantsByTokenId.get(subject.jti ?? ''),
    authorizationDetails: narrowedDetails(askedDetails(ctx), held),
    proof,
    notAfter: subject.exp,
    issuedTokenType,
  })
}

/**
 * Returns the target. One token is for one API.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8707#section-2 | RFC 8707 §2}
 */
function targetOf(ctx: GrantContext): string {
  const [resource, ...more] = new Set([...repeated(ctx, 'resource'), ...repeated(ctx, 'audience')])
  if (resource === undefined || more.length > 0) throw new errors.InvalidTarget('name exactly one resource or audience')
  return resource
}

/** Refuses an exchange for the same API that adds scopes. */
function requireWithinSubject(subject: JWTPayload, resource: string, requested: readonly string[]): void {
  if (![subject.aud ?? []].flat().includes(resource)) return
  const held = words(subject.scope)
  const beyond = requested.find((scope) => !held.includes(scope))
  if (beyond !== undefined) throw new errors.InvalidScope('the subject token does not have it', beyond)
}

/** Returns the actor claim: the new actor outermost, earlier ones nested inside (RFC 8693 §4.1). */
async function actorOf(context: ServerContext, ctx: GrantContext, subject: JWTPayload): Promise<ActorClaim> {
  const { clientId } = ctx.oidc.client
  const token = optional(ctx, 'actor_token')
  const type = optional(ctx, 'actor_token_type')
  // §2.1: required with an actor token, and forbidden without one.
  if ((token === undefined) !== (type === undefined)) {
    throw new errors.InvalidRequest('actor_token and actor_token_type go together')
  }
  let outermost = actorClaim(context, clientId)
  if (token !== undefined && type !== undefined) {
    const claims = await verifyOwnToken(context, token, type, 'actor_token')
    if (claims.client_id !== clientId) throw new errors.InvalidRequest('actor_token is of another client')
    if (claims.sub !== clientId) outermost = { sub: claims.sub, iss: context.issuer, client_id: clientId }
  }
  requireMayAct(subject, outermost)
  const inner = subject.act as ActorClaim | undefined
  const { maxActorDepth = 5 } = context.options
  if (depthOf(inner) >= maxActorDepth) throw new errors.InvalidRequest(`act would nest deeper than ${maxActorDepth}`)
  return inner === undefined ? outermost : { ...outermost, act: inner }
}

/** @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-4.4 | RFC 8693 §4.4} */
function requireMayAct(subject: JWTPayload, actor: ActorClaim): void {
  if (subject.may_act === undefined) return
  const named = Object.entries(subject.may_act as Record<string, unknown>)
  if (named.length === 0 || named.some(([claim, value]) => actor[claim] !== value)) {
    throw new errors.InvalidRequest('may_act of the subject token names another actor')
  }
}

function depthOf(actor: ActorClaim | undefined): number {
  return actor === undefined ? 0 : 1 + depthOf(actor.act)
}
