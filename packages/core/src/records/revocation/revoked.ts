import * as z from 'zod/mini'
import { isSamePrincipal, type Owner, type RevokeOptions, type UserIdentity } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { RecordName as IndexName } from '../index.ts'

/** Revoked access: of a subject with all its sessions, of a session, or of a delegation. */
export interface Revoked extends RevokeOptions {
  readonly delegation?: string | undefined
}

/** Kinds of names that can be revoked. */
export type NameKind = 'subject' | 'session' | 'delegation'

/** One name at one issuer. It has its own record in the store. */
export interface Name {
  readonly kind: NameKind
  readonly issuer: string
  readonly id: string
  /**
   * True if the name is that of an actor. An actor's token names no tenant, so the revocation applies in every tenant.
   */
  readonly isActor?: true
}

const text = z.string()
export const revokedAt = z.object({
  issuer: text,
  tenant: z.optional(text),
  subject: z.optional(text),
  session: z.optional(text),
  delegation: z.optional(text),
  /** Epoch seconds. */
  at: z.number(),
})

/** Stored form of a revocation, with its time. */
export type RevokedAt = z.infer<typeof revokedAt>

/** @throws ConfigurationError It names nothing. */
export function nameOf({ issuer, subject, session, delegation }: Revoked): Name {
  if (delegation !== undefined) return { kind: 'delegation', issuer, id: delegation }
  if (session !== undefined) return { kind: 'session', issuer, id: session }
  if (subject !== undefined) return { kind: 'subject', issuer, id: subject }
  throw new ConfigurationError('revoke', 'name a subject, a session, or both')
}

/** The names under which the access of a user, or of the party that acts for them, may have ended. */
export function namesOf({ issuer, subject, actor, sessionId, delegationId }: UserIdentity): readonly Name[] {
  const names: Name[] = [{ kind: 'subject', issuer, id: subject }]
  if (actor) names.push({ kind: 'subject', issuer: actor.issuer ?? issuer, id: actor.subject, isActor: true })
  if (sessionId !== undefined) names.push({ kind: 'session', issuer, id: sessionId })
  if (delegationId !== undefined) names.push({ kind: 'delegation', issuer, id: delegationId })
  return names
}

/** Returns whether a revocation concerns this user: their tenant and their subject. */
export function concerns(revoked: Revoked, { issuer, tenant, subject }: Owner): boolean {
  return (
    revoked.issuer === issuer &&
    (revoked.tenant === undefined || revoked.tenant === tenant) &&
    (revoked.subject === undefined || revoked.subject === subject)
  )
}

/** Adds a revocation to those of its name: an equal one gets the later time. */
export function mergeRevoked(known: readonly RevokedAt[], added: RevokedAt): RevokedAt[] {
  const isSame = (other: RevokedAt) => isSamePrincipal(other, added)
  const at = Math.max(added.at, known.find(isSame)?.at ?? 0)
  return [...known.filter((other) => !isSame(other)), { ...added, at }]
}

/** Index name of a user's records, or of a session's records. Without a tenant, of all tenants. */
export const revocableName = ({ issuer, tenant, subject, session }: RevokeOptions): IndexName =>
  session === undefined ? ['owner', issuer, tenant, subject] : ['session', issuer, session]

/** Index names under which a revocation finds records of a user and their sessions. It may name the subject alone. */
export function revocableNames(
  { issuer, tenant, subject }: Owner,
  sessions: readonly string[] = [],
): readonly IndexName[] {
  return [
    revocableName({ issuer, tenant, subject }),
    ...(tenant === undefined ? [] : [revocableName({ issuer, subject })]),
    ...sessions.map((session) => revocableName({ issuer, session })),
  ]
}

/**
 * Returns the time of the proof behind an identity, in epoch seconds: the login (`auth_time`), the proof that a session
 * or delegation keeps, or else the token itself (`iat`). `undefined` if none of them gives a time.
 */
export function provenAtOf({ authTime, provenAt, claims }: UserIdentity): number | undefined {
  // A delegation keeps the proof of its user, and the login behind its refresh token has another time: both count.
  if (authTime !== undefined && provenAt !== undefined) return Math.min(authTime, provenAt)
  // No claims: an app may have made up the identity, which is refused later.
  return authTime ?? provenAt ?? (typeof claims?.iat === 'number' ? claims.iat : undefined)
}
