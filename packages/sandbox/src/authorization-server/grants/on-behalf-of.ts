import { errors } from 'oidc-provider'
import { type ServerContext, words } from '../server-context.ts'
import type { GrantContext } from './grant.ts'
import { issueAccessToken, requireAllowedScopes } from './issue-access-token.ts'
import { required } from './parameters.ts'
import { requireOwnAudience, TOKEN_TYPE, verifyOwnToken } from './subject-token.ts'

/**
 * Entra's on-behalf-of: the assertion is an access token for the client itself, the target a part of each scope, and
 * the new token names only the user. The answer is that of a plain grant, its scopes with their target.
 *
 * @see {@link https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-on-behalf-of-flow | On-behalf-of at Entra}
 */
export async function onBehalfOf(context: ServerContext, ctx: GrantContext): Promise<object> {
  const invalid = (description: string): Error => new errors.InvalidGrant(description)
  const subject = await verifyOwnToken(
    context,
    required(ctx, 'assertion'),
    TOKEN_TYPE.accessToken,
    'assertion',
    invalid,
  )
  requireOwnAudience(context, ctx.oidc.client.clientId, subject, TOKEN_TYPE.accessToken)
  const targets = words(required(ctx, 'scope')).map(splitScope)
  const [resource, ...others] = new Set(targets.map((target) => target.resource))
  if (resource === undefined || others.length > 0) throw new errors.InvalidScope('scopes of one API only', '')
  const scopes = targets.map(({ scope }) => scope)
  requireAllowedScopes(context, ctx, { resource, scopes })
  const { acr, auth_time, sid } = subject
  const answer = await issueAccessToken(context, ctx, {
    gty: 'on_behalf_of',
    subject: subject.sub,
    resource,
    scopes,
    claims: { acr, auth_time, sid },
    grantId: context.state.grantsByTokenId.get(subject.jti ?? ''),
    notAfter: subject.exp,
  })
  const { scope } = answer as { readonly scope?: string }
  return {
    ...answer,
    scope: words(scope)
      .map((word) => `${resource}/${word}`)
      .join(' '),
  }
}

/** Splits a scope. Its own name has no slash; the target may end with one, and then there are two. */
function splitScope(text: string): { readonly resource: string; readonly scope: string } {
  const at = text.lastIndexOf('/')
  if (at < 1) throw new errors.InvalidScope('the scope names no API', text)
  return { resource: text.slice(0, at), scope: text.slice(at + 1) }
}
