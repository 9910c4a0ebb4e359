import type { AccessToken, ClientCredentials, KoaContextWithOIDC } from 'oidc-provider'
import { clientOf, type ServerContext } from './server-context.ts'
import { acrOf } from './sign-in.ts'

/** An `act` claim. */
export interface ActorClaim {
  readonly sub: string
  readonly act?: ActorClaim
  readonly [claim: string]: unknown
}

/** Claims that a custom grant adds to the token it issues. The library asks for them when it writes the token. */
const added = new WeakMap<object, Readonly<Record<string, unknown>>>()

export function addClaims(token: object, claims: Readonly<Record<string, unknown>>): void {
  added.set(token, claims)
}

/** Returns the name of a client, as in `act`. */
export function actorClaim(context: ServerContext, clientId: string): ActorClaim {
  const actor = clientOf(context, clientId)?.actor
  return {
    sub: actor?.subject ?? clientId,
    iss: context.issuer,
    client_id: clientId,
    ...(actor?.profile !== undefined && { sub_profile: actor.profile }),
  }
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
  const clientId = ctx.oidc.client?.clientId ?? ''
  const isAgent = BackchannelAuthenticationRequest !== undefined && clientOf(context, clientId)?.actor !== undefined
  return {
    ...userClaims(context, subject),
    acr: source?.acr ?? acrOf(context, subject),
    auth_time: source?.authTime,
    sid: source?.sid ?? source?.sessionUid,
    // The person approved the agent's request, so the agent acts.
    ...(isAgent && { act: actorClaim(context, clientId) }),
  }
}

/** Claims that a user's own claims cannot set: the server sets them. */
const RESERVED: ReadonlySet<string> = new Set([
  'act',
  'authorization_details',
  'client_id',
  'cnf',
  'jti',
  'nbf',
  'scope',
])

export function userClaims({ options, state, parts }: ServerContext, subject: string): Record<string, unknown> {
  const user = state.users.get(subject)
  const claims = Object.entries(user?.claims ?? {}).filter(([name]) => !RESERVED.has(name))
  if (user !== undefined && parts !== undefined) return { ...Object.fromEntries(claims), ...parts.roles.write(user) }
  return { ...Object.fromEntries(claims), ...(user?.roles && { [options.rolesClaim ?? 'roles']: user.roles }) }
}
