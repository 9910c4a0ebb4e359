import type { AgentIdentity, UserIdentity } from '../base/contract/index.ts'
import { InvalidTokenError } from '../base/errors/index.ts'
import { subjectOf } from '../oauth/jwt/read-claims.ts'
import type { Profile } from '../oauth/profiles/profile.ts'
import { readActor, readIdentityClaims } from './wire.ts'

type Claims = Readonly<Record<string, unknown>>
type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] }

/** Builds the user of verified claims. The identity is not admitted yet. */
export function buildUser(profile: Profile, claims: Claims, clientId: string | undefined): UserIdentity {
  const subject = subjectOf(profile, claims)
  if (subject === undefined) throw new InvalidTokenError('subject', 'the token names no subject')
  const actor = readActor(claims.act)
  const tenant = profile.token.tenant(claims)
  // Field by field: spreading optional fields costs more than everything else here.
  const user: Mutable<UserIdentity> = { kind: 'user', issuer: profile.issuer, subject, claims }
  if (tenant !== undefined) user.tenant = tenant
  if (clientId !== undefined) user.clientId = clientId
  if (actor !== undefined) user.actor = actor
  return Object.assign(user, readIdentityClaims(claims))
}

/** Builds the client itself, without a user. The identity is not admitted yet. */
export function buildAgent(profile: Profile, claims: Claims, clientId: string): AgentIdentity {
  const tenant = profile.token.tenant(claims)
  const { expiresAt } = readIdentityClaims(claims)
  return {
    kind: 'agent',
    issuer: profile.issuer,
    ...(tenant !== undefined && { tenant }),
    clientId,
    ...(expiresAt !== undefined && { expiresAt }),
    claims,
  }
}
