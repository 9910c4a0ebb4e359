import { type Profile, subjectOf } from '../authorization-server/index.ts'
import type { AgentIdentity, UserIdentity } from '../contract/index.ts'
import { InvalidTokenError } from '../errors/index.ts'
import { type IdentityClaims, readActor, readIdentityClaims } from './wire.ts'

type Claims = Readonly<Record<string, unknown>>

/** The user that verified claims speak of. Not admitted yet. */
export function buildUser(profile: Profile, claims: Claims, clientId: string | undefined): UserIdentity {
  const subject = subjectOf(profile, claims)
  if (subject === undefined) throw new InvalidTokenError('subject', 'the token names no subject')
  const actor = readActor(claims.act)
  const read: IdentityClaims = readIdentityClaims(claims)
  const tenant = profile.token.tenant(claims)
  return {
    kind: 'user',
    issuer: profile.issuer,
    ...(tenant !== undefined && { tenant }),
    subject,
    ...(clientId !== undefined && { clientId }),
    ...(actor !== undefined && { actor }),
    ...read,
    claims,
  }
}

/** The client itself, with no user behind it. Not admitted yet. */
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
