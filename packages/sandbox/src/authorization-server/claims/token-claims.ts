import { acrOf, actorClaim, userClaims } from '@behalf/testing/authorization-server'
import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider'
import type { ServerContext } from '../server-context.ts'

/** Claims that a custom grant adds to the token it issues. The library asks for them when it writes the token. */
const added = new WeakMap<object, Readonly<Record<string, unknown>>>()

export function addClaims(token: object, claims: Readonly<Record<string, unknown>>): void {
  added.set(token, claims)
}

/** Returns the claims of an access token about its user and their login, besides those that the library writes. */
export function tokenClaims(
  context: ServerContext,
  ctx: KoaContextWithOIDC,
  token: AccessToken | ClientCredentials,
): Record<string, unknown> {
  if (token.kind === 'ClientCredentials') return {}
  const subject = token.accountId
  const own = added.get(token)
  if (own !== undefined) return { ...userClaims(context, subject), ...own }
  const { AuthorizationCode, RefreshToken, DeviceCode, BackchannelAuthenticationRequest } = ctx.oidc.entities
  const source = AuthorizationCode ?? RefreshToken ?? DeviceCode ?? BackchannelAuthenticationRequest
  const client = context.clients.get(ctx.oidc.client?.clientId ?? '')
  return {
    ...userClaims(context, subject),
    acr: source?.acr ?? acrOf(context, subject),
    auth_time: source?.authTime,
    sid: source?.sid ?? source?.sessionUid,
    // The person approved the agent's request, so the agent acts.
    ...(BackchannelAuthenticationRequest && client?.actor && { act: actorClaim(context, client) }),
  }
}
