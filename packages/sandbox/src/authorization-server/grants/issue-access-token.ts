import {
  type AccessTokenRequest,
  epochSeconds,
  type IssuedAccessToken,
  Refusal,
  secondsOf,
} from '@behalf/testing/authorization-server'
import type { TokenEndpointGrantContext } from 'oidc-provider'
import { addClaims } from '../claims/token-claims.ts'
import type { ServerContext } from '../server-context.ts'
import { resourceServerOf } from './resource-server.ts'

/** Issues an access token for one API, with its response. */
export async function issueAccessToken(
  context: ServerContext,
  ctx: TokenEndpointGrantContext,
  request: AccessTokenRequest,
): Promise<IssuedAccessToken> {
  const { provider, records, state } = context
  const { client } = ctx.oidc
  const [resource, ...more] = request.audience
  // RFC 8707 §2: one token is for one API.
  if (resource === undefined || more.length > 0) {
    throw new Refusal('invalid_target', 'name exactly one resource or audience')
  }
  const { session, thumbprint, authorizationDetails, notAfter = Number.POSITIVE_INFINITY } = request
  const grantId = state.grantsByTokenId.get(request.chainOf ?? '') ?? ''
  const token = new provider.AccessToken({
    accountId: request.subject,
    client,
    gty: String(ctx.oidc.params.grant_type),
    // At least 1: the library replaces 0 by its default.
    expiresIn: Math.max(1, Math.min(secondsOf(context, [resource]), notAfter - epochSeconds())),
    // The library binds a token to its grant's client, but an API may exchange a token of another client.
    ...(records.get('Grant', grantId)?.clientId === client.clientId && { grantId }),
    ...(authorizationDetails && { rar: [...authorizationDetails] }),
  } as never)
  token.resourceServer = new provider.ResourceServer(resource, resourceServerOf(context, resource))
  token.scope = request.scopes.join(' ')
  if (thumbprint !== undefined) token.setThumbprint('jkt', thumbprint)
  addClaims(token, {
    ...(session && { acr: session.acr, auth_time: session.authTime, sid: session.sessionId }),
    ...(request.actor && { act: request.actor }),
  })
  const access_token = await token.save()
  if (grantId !== '') state.grantsByTokenId.set(token.jti, grantId)
  return {
    access_token,
    token_type: token.tokenType as IssuedAccessToken['token_type'],
    expires_in: token.expiration,
    scope: token.scope,
    ...(authorizationDetails && { authorization_details: authorizationDetails }),
  }
}
