/**
 * The party that acts for the subject: the `act` claim.
 *
 * Only the outermost actor may take part in a decision; nested actors are for the audit.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-4.1 | RFC 8693 §4.1}
 */
export interface Actor {
  /** `sub` claim of the acting party. */
  readonly subject: string
  /** Issuer of `subject`. Absent where the claim names none. */
  readonly issuer?: string
  /** OAuth client id of the acting party. Absent where the claim names none. */
  readonly clientId?: string
  /** Kind of the acting party, if the issuer gives it (`sub_profile`, such as `ai_agent`). */
  readonly profile?: string
  /** The party that acted before this one. */
  readonly actor?: Actor
}

interface VerifiedToken {
  readonly issuer: string
  readonly tenant?: string | undefined
  readonly clientId?: string | undefined
  /** Time at which the proof of this identity expires, in epoch seconds. */
  readonly expiresAt?: number
  /** The verified claims, as the issuer wrote them. Holds no token. */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * A user whose token, session or delegation was verified, and the agent that acts for them.
 *
 * Made by verification only. Any other object of this shape is refused with `identity_not_verified`, even if its fields
 * are right.
 */
export interface UserIdentity extends VerifiedToken {
  /** Always this value; it discriminates the union. */
  readonly kind: 'user'
  /** Unique within `issuer` (and `tenant`, where the issuer has tenants); never compared across issuers. */
  readonly subject: string
  /** Party that acts for the user. Absent where the token names none. */
  readonly actor?: Actor
  /** Level of the login, as the `acr` claim. Absent where the issuer gives none. */
  readonly acr?: string
  /** Time at which the user last authenticated, in epoch seconds. */
  readonly authTime?: number
  /**
   * Time at which the proof behind a session or a delegation was made, in epoch seconds. A renewal or a job does not
   * change it, so a later revocation counts.
   */
  readonly provenAt?: number
  /** Id of the login session. Absent where the proof names none. */
  readonly sessionId?: string
  /** Id of the delegation under which a job acts. Absent for other callers. */
  readonly delegationId?: string
}

/** The agent alone, with no user behind it (client credentials). */
export interface AgentIdentity extends VerifiedToken {
  /** Always this value; it discriminates the union. */
  readonly kind: 'agent'
  /** OAuth client id of the agent. */
  readonly clientId: string
}

/** Verified user or agent for which a call runs. */
export type Identity = UserIdentity | AgentIdentity

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
