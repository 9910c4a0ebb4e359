import type { Identity, UserIdentity } from './identity.ts'

/** A user, as their issuer names them. A subject names a person only within one issuer and tenant (I7). */
export interface Principal {
  /** Issuer that verified the subject, as its `iss` claim. */
  readonly issuer: string
  /** Tenant of the issuer. Absent where the issuer has no tenants. */
  readonly tenant?: string | undefined
  /** `sub` claim. Unique within issuer and tenant only. */
  readonly subject: string
}

/** Owner of a record: a user, through one client. Without a subject: the agent itself, which its client names. */
export interface Owner extends Omit<Principal, 'subject'> {
  /** Subject of the user. Absent if the call has no user. */
  readonly subject?: string | undefined
  /** OAuth client through which the user acts, or which names the agent. Absent where the proof names none. */
  readonly clientId?: string | undefined
}

/** User or session whose access ends. */
export interface RevokeOptions extends Omit<Owner, 'clientId'> {
  /** Tenant, as the identity has it. @default all tenants of the issuer */
  readonly tenant?: string | undefined
  /** Alone: all sessions of this user. */
  readonly subject?: string | undefined
  /** Alone, or with its subject: this session only, as the issuer names it (`sid`). */
  readonly session?: string | undefined
}

/** Returns the owner of records that are created with an identity. */
export function ownerOf(identity: UserIdentity): Owner & Principal
export function ownerOf(identity: Identity): Owner
export function ownerOf(identity: Identity): Owner {
  const { issuer, tenant, clientId } = identity
  return {
    issuer,
    ...(tenant !== undefined && { tenant }),
    ...(identity.kind === 'user' && { subject: identity.subject }),
    ...(clientId !== undefined && { clientId }),
  }
}

/** Returns text that names exactly one principal: a user, through any client, or the agent of one client. */
export function principalKey({ issuer, tenant, subject, clientId }: Owner): string {
  const named = subject === undefined ? ['agent', clientId ?? null] : ['user', subject]
  return JSON.stringify([issuer, tenant ?? null, ...named])
}

/** Returns whether both name the same principal: the same user, or the same agent without a user. */
export function isSamePrincipal(left: Owner | undefined, right: Owner | undefined): boolean {
  if (left === undefined || right === undefined) return false
  return left === right || principalKey(left) === principalKey(right)
}
