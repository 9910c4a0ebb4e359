import type { UserIdentity } from './identity.ts'

/** Chooses an account for a user, by the vault's account id; `undefined` leaves it to the vault. */
export type AccountChoice = (call: { readonly identity: UserIdentity }) => string | undefined

/** An upstream (third-party) account of the user, reached with a token from the vault. */
export interface ConnectionRule {
  /** Always this value; it discriminates the union. */
  readonly kind: 'connection'
  /** Name of the connection, as the vault knows it. */
  readonly connection: string
  /** Scopes that the body needs. */
  readonly scopes: readonly string[]
  /** Scopes that a call may request when `approval.when` exempts it. Absent: no call may be exempted. */
  readonly withoutApproval?: readonly string[]
  /** The only origins that may see this connection's token. */
  readonly origins: readonly string[]
  /**
   * Vault's id of the linked account to use, where there are several. The app chooses it, never the model: a function
   * sees the identity that asks, and nothing of the input.
   */
  readonly account?: string | AccountChoice
  /** The header that this API reads an idempotency key from: set on the writing requests of `write` calls. */
  readonly idempotencyHeader?: string
}

/** Another way to a resource's token than an exchange at the user's own issuer. Made by `idJag()`. */
export interface ResourceRoute {
  /** Kind of the route: an identity assertion (ID-JAG). */
  readonly kind: 'id-jag'
  /** The authorization server that issues the token. */
  readonly issuer: string
}

/** An API of our own, reached with a token exchanged for it, or with the token that an approval gave. */
export interface ResourceRule {
  /** Always this value; it discriminates the union. */
  readonly kind: 'resource'
  /** The API's identifier: an absolute URI without a fragment (RFC 8707 §2). */
  readonly resource: string
  /** Route by which the guard gets the token. @default an exchange at the user's issuer */
  readonly through?: ResourceRoute
  /** Scopes that the body needs. */
  readonly scopes: readonly string[]
  /** Scopes that a call may request when `approval.when` exempts it. Absent: no call may be exempted. */
  readonly withoutApproval?: readonly string[]
  /** The only origins that may see this token. */
  readonly origins: readonly string[]
  /** The header that this API reads an idempotency key from: set on the writing requests of `write` calls. */
  readonly idempotencyHeader?: string
}

/** One credential that a policy declares. */
export type AccessRule = ConnectionRule | ResourceRule

/** The credentials that a tool needs, by name. */
export type AccessRules = Readonly<Record<string, AccessRule>>
