import type { UserIdentity } from '../base/contract/index.ts'
import type { RequestOptions } from '../oauth/server.ts'

/** A connection that a user may make. */
export interface AvailableConnection {
  /** Name of the connection, as policies use it. */
  readonly name: string
  /** For people. */
  readonly label: string
  /** All that may be asked for. */
  readonly scopes: readonly string[]
}

/** An account that is linked to a user. Holds no token. */
export interface LinkedAccount {
  /** Name of the connection to which the account is linked. */
  readonly connection: string
  /** Id of the account at the provider. Pass it as `account`. */
  readonly id: string
  /** For people, such as an e-mail address; the provider's word, not verified. */
  readonly label?: string
  /** Scopes that the provider granted. */
  readonly scopes: readonly string[]
  /** `must_reconnect`: the provider no longer issues tokens for it. */
  readonly status: 'connected' | 'must_reconnect'
  /** Epoch seconds. */
  readonly connectedAt?: number
  /** Whether this account is used if a policy names none. */
  readonly isPreferred?: boolean
  /**
   * Whether the account that the user had chosen is gone. Then a policy that names no account cannot use this one until
   * the user chooses it.
   */
  readonly mustChoose?: boolean
}

/** Names one linked account of a user. */
export interface AccountName {
  /** Name of the connection to which the account is linked. */
  readonly connection: string
  /** Id of the account, as the provider knows it. */
  readonly account: string
}

/** The begin of a connect flow. */
export interface ConnectRequest {
  /** Verified identity. Only this user can complete the flow, and only in this session if the identity has one. */
  readonly identity: UserIdentity
  /** Name of the connection to which an account is to be linked. */
  readonly connection: string
  /** @default all that the connection may have */
  readonly scopes?: readonly string[]
  /**
   * The linked account that is connected again: the scopes that it has are asked for too, since many providers replace
   * a grant by the newer one.
   * @default none: only `scopes` are asked for
   */
  readonly account?: string
  /** Redirect URI, exactly as it is registered at the provider. */
  readonly redirectUri: string
  /** A secret that only this browser holds (a cookie); `complete` must bring the same. */
  readonly browser: string
  /** Stored, and returned by `complete`. */
  readonly returnTo?: string
}

/** Outcome of {@link AccountLinker.connect}. */
export type ConnectAnswer =
  /** `url`: for the browser of this user only. Do not log it. */
  | { readonly status: 'started'; readonly url: string; readonly state: string; readonly expiresInSeconds: number }
  | {
      readonly status: 'unknown_connection' | 'unknown_scope' | 'login_required' | 'misconfigured'
      readonly detail: string
    }
  | { readonly status: 'unavailable'; readonly detail: string; readonly retryAfter?: number }

/** The end of a connect flow. */
export interface CompleteRequest {
  /** Verified user who started to connect the account. */
  readonly identity: UserIdentity
  /**
   * Connection whose redirect URI was called. Each connection has its own, so that servers cannot be mixed up (RFC 9700
   * §4.4.2.2).
   */
  readonly connection: string
  /** Query of the request to the redirect URI. */
  readonly parameters: URLSearchParams
  /** Value that the browser sends, if there is one. */
  readonly browser?: string
}

/** Reason why a connect flow was not completed. */
export type ConnectProblem =
  /** It did not begin here, it has already ended, or it is too old. */
  | 'unknown_state'
  /** Begun by another user, in another session of the same user, or in another browser. */
  | 'other_user'
  | 'other_session'
  | 'other_browser'
  /** The response comes from another server than the one that the browser was sent to (RFC 9207). */
  | 'other_issuer'
  /** The person said no. */
  | 'declined'
  /** The provider refused, or its answer cannot be trusted. */
  | 'provider'

/** Outcome of {@link AccountLinker.complete}. */
export type CompleteAnswer =
  | { readonly status: 'connected'; readonly account: LinkedAccount; readonly returnTo?: string }
  | {
      readonly status: 'refused'
      readonly reason: ConnectProblem
      /** For operators. */
      readonly detail: string
      readonly returnTo?: string
    }
  | { readonly status: 'login_required' | 'misconfigured'; readonly detail: string; readonly returnTo?: string }
  | { readonly status: 'unavailable'; readonly detail: string; readonly returnTo?: string }

/** Outcome of {@link AccountLinker.disconnect}. */
export type DisconnectAnswer =
  /**
   * `revoked`: the provider accepted the revocation. `false`: the account is deleted here, and the provider may still
   * accept old tokens.
   */
  | { readonly status: 'disconnected'; readonly revoked: boolean }
  | { readonly status: 'not_found' | 'login_required' | 'misconfigured'; readonly detail: string }
  | { readonly status: 'unavailable'; readonly detail: string }

/**
 * Links the user's accounts at other providers, and lists and unlinks them. It belongs to a vault, for the app's own
 * pages.
 *
 * `connectAccounts` of `@behalf/core/http` makes handlers of it. No method accepts a user id: the owner of the accounts
 * comes from the verified identity.
 */
export interface AccountLinker {
  /** Version of this port that the linker implements. */
  readonly specificationVersion: 1
  /** Lists the connections to which the user can link an account. */
  available(identity: UserIdentity, options?: RequestOptions): Promise<readonly AvailableConnection[]>
  /** Starts to link an account of the user. */
  connect(request: ConnectRequest, options?: RequestOptions): Promise<ConnectAnswer>
  /** Ends what `connect` started, after the provider sent the browser back. */
  complete(request: CompleteRequest, options?: RequestOptions): Promise<CompleteAnswer>
  /**
   * Lists the linked accounts of the user.
   *
   * @throws StoreError, TransportError Not known now; try again.
   * @throws IdentityRequiredError No verified user.
   */
  list(identity: UserIdentity, options?: RequestOptions): Promise<readonly LinkedAccount[]>
  /** Removes a linked account of the user. */
  disconnect(identity: UserIdentity, name: AccountName, options?: RequestOptions): Promise<DisconnectAnswer>
  /**
   * Uses this account if a policy names none. `false`: there is no such account. Absent: this linker stores no
   * preference.
   */
  prefer?(identity: UserIdentity, name: AccountName, options?: RequestOptions): Promise<boolean>
}
