import type { UserIdentity } from './identity.ts'

/** Chooses an account for a user, by the vault's account id; `undefined` leaves it to the vault. */
export type AccountChoice = (call: { readonly identity: UserIdentity }) => string | undefined

/** An upstream (third-party) account of the user, reached with a token from the vault. */
export interface ConnectionRule {
  /** Always this value; it discriminates the union. */
  readonly kind: 'connection'
  /** Name of the connection, as the vault knows it. */
  readonly connection: string
  /** Scopes that the tool needs at the provider, as the provider writes them in its answers. */
  readonly scopes: readonly string[]
  /**
   * Scopes that a call may request when `approval.when` exempts it. Shares no scope with `scopes`. An exempted call is
   * refused an account whose token holds one of `scopes`.
   */
  readonly withoutApproval?: readonly string[]
  /** The only origins that may see the token: the provider's API. */
  readonly origins: readonly string[]
  /**
   * Vault's id of the linked account to use, where there are several: one id for all users, or a function of the
   * identity. The app chooses it, never the model.
   * @default the user's only account, or the one that they chose in the app's pages
   */
  readonly account?: string | AccountChoice
  /**
   * Header from which the API reads an idempotency key, such as `Idempotency-Key`. In a `write` call, the first request
   * that is not a GET, HEAD, OPTIONS or TRACE carries the call's key, the n-th one `key.n`, whichever credential sends
   * it. A header that the body sets itself is not changed. A body that is retried must make the same requests in the
   * same order. If it skips a request that is done already, set the header yourself, from `idempotencyKey` and a name
   * for each request.
   * @default none is set
   */
  readonly idempotencyHeader?: string
}

/** Another way to a resource's token than an exchange at the user's own issuer. Made by `idJag()`. */
export interface ResourceRoute {
  /** Kind of the route: an identity assertion (ID-JAG). */
  readonly kind: 'id-jag'
  /** The authorization server that issues the token. */
  readonly issuer: string
}

/** An API of the app's own. Its token comes from an exchange, or from an approval. */
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
