/**
 * Who acts for the subject: the `act` claim.
 *
 * Only the outermost actor may take part in a decision; nested actors are for the audit.
 * @see {@link https://www.rfc-editor.org/rfc/rfc8693#section-4.1 | RFC 8693 §4.1}
 */
export interface Actor {
  readonly subject: string
  readonly issuer?: string
  readonly clientId?: string
  /** What kind of party acts, where the issuer says so (`sub_profile`, such as `ai_agent`). */
  readonly profile?: string
  /** The party that acted before this one. */
  readonly actor?: Actor
}

interface VerifiedToken {
  readonly issuer: string
  readonly tenant?: string | undefined
  readonly clientId?: string | undefined
  /** When the proof of this identity ends, in epoch seconds. */
  readonly expiresAt?: number
  /** The verified claims, as the issuer wrote them. Holds no token. */
  readonly claims: Readonly<Record<string, unknown>>
}

/**
 * A user whose token, session or delegation was verified, and the agent that acts for them.
 *
 * Made by verification only: an object of this shape that no verification made is refused with
 * `identity_not_verified`, however right its fields are.
 */
export interface UserIdentity extends VerifiedToken {
  readonly kind: 'user'
  /** Unique within `issuer` (and `tenant`, where the issuer has tenants); never compared across issuers. */
  readonly subject: string
  readonly actor?: Actor
  readonly acr?: string
  /** When the user last authenticated, in epoch seconds. */
  readonly authTime?: number
  /**
   * When the proof behind a session or a delegation was made, in epoch seconds. A renewal or a job does not change it,
   * so that a revocation after that time counts.
   */
  readonly provenAt?: number
  readonly sessionId?: string
  readonly delegationId?: string
}

/** The agent alone, with no user behind it (client credentials). */
export interface AgentIdentity extends VerifiedToken {
  readonly kind: 'agent'
  readonly clientId: string
}

export type Identity = UserIdentity | AgentIdentity
