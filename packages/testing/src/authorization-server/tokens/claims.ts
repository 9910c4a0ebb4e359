import type { JWTPayload } from 'jose'
import type { MockClient } from '../options.ts'
import type { SharedServer } from '../server-facts.ts'
import type { ActorClaim } from './access-token.ts'

/** Returns the name of a client, as in `act`. */
export function actorClaim({ issuer }: Pick<SharedServer, 'issuer'>, { clientId, actor }: MockClient): ActorClaim {
  return {
    sub: actor?.subject ?? clientId,
    iss: issuer,
    client_id: clientId,
    ...(actor?.profile !== undefined && { sub_profile: actor.profile }),
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
  'nonce',
  'scope',
])

/** Returns a user's own claims, and their roles. */
export function userClaims(
  { state, writeRoles }: Pick<SharedServer, 'state' | 'writeRoles'>,
  subject: string,
): JWTPayload {
  const user = state.users.get(subject)
  const claims = Object.entries(user?.claims ?? {}).filter(([name]) => !RESERVED.has(name))
  return { ...Object.fromEntries(claims), ...(user && writeRoles(user)) }
}

/** Returns the claims of a user that scopes name (OpenID Connect Core §5.4). */
export function standardClaims(
  { state }: Pick<SharedServer, 'state'>,
  subject: string,
  scopes: readonly string[],
): JWTPayload {
  const { name, email } = state.users.get(subject) ?? {}
  return {
    ...(scopes.includes('profile') && name !== undefined && { name }),
    ...(scopes.includes('email') && email !== undefined && { email, email_verified: true }),
  }
}

/** Authentication context class of a user's normal login. */
export function acrOf({ state }: Pick<SharedServer, 'state'>, subject: string): string {
  return state.users.get(subject)?.acr ?? 'urn:behalf:acr:password'
}
