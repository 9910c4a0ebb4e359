import type { AuthorizationServers, RequestOptions } from '../authorization-server/server.ts'
import type { UserIdentity } from '../contract/index.ts'
import type { Token } from '../credential/token.ts'

/** Which upstream token is wanted, for whom. */
export interface VaultRequest {
  /** Verified. */
  readonly identity: UserIdentity
  readonly connection: string
  readonly scopes: readonly string[]
  /** Which of several linked accounts. */
  readonly account?: string
}

/** A token, or the one reason why there is none. Only the middle five are something a user can mend. */
export type VaultAnswer =
  | {
      readonly status: 'token'
      readonly token: Token
      /** Epoch seconds. Absent: not known, and so not cached. */
      readonly expiresAt?: number
      /** What was granted; upstreams may grant more, and it is recorded. */
      readonly scopes: readonly string[]
    }
  | { readonly status: 'not_connected' | 'must_reconnect' | 'needs_scopes' | 'choose_account'; readonly detail: string }
  /** The vault no longer accepts the token that proves the user: a matter of login, not of the connection. */
  | { readonly status: 'login_required'; readonly detail: string }
  | { readonly status: 'unavailable'; readonly detail: string; readonly retryAfter?: number }
  | { readonly status: 'misconfigured'; readonly detail: string }

/** What a vault may use of the guard. */
export interface VaultContext extends RequestOptions {
  readonly authorizationServers: AuthorizationServers
  /** Epoch milliseconds. */
  readonly now: number
}

/**
 * Keeps the user's third-party refresh tokens and gives out short-lived access tokens.
 *
 * Answers with a value for everything that is expected; an outage is never told as a missing connection.
 */
export interface Vault {
  readonly specificationVersion: 1
  token(request: VaultRequest, context: VaultContext): Promise<VaultAnswer>
}
