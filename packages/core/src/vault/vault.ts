import type { Principal, UserIdentity } from '../base/contract/index.ts'
import { ConfigurationError } from '../base/errors/index.ts'
import { isLoopback } from '../base/values/index.ts'
import type { Token } from '../credential/token.ts'
import type { AuthorizationServers, RequestOptions } from '../oauth/server.ts'

/** Request for an upstream token. */
export interface VaultRequest {
  /** User whose token is needed. Verified. */
  readonly identity: UserIdentity
  /** Name of the connection whose token is needed. */
  readonly connection: string
  /** Scopes that the policy requires. */
  readonly scopes: readonly string[]
  /** Vault's id of the linked account, if there are several. */
  readonly account?: string
  /**
   * Delegation by which the absent user agreed to the vault's worker grant: such a grant serves no other request. The
   * guard sets it if the delegation's `credentials` are `'worker'`.
   */
  readonly delegation?: { readonly id: string; readonly agent: string }
  /** Token of an earlier answer that the API refused. If the vault can, it returns another token. */
  readonly refused?: Token
}

/** Copies a request before the first wait: the caller may fill the same object in again for its next user. */
export function requestOf({ scopes, ...others }: VaultRequest): VaultRequest {
  return { ...others, scopes: [...scopes] }
}

/** A token, or the reason why it is missing. A user can resolve only the middle five. */
export type VaultAnswer =
  | {
      readonly status: 'token'
      readonly token: Token
      /** Time at which the token expires, in epoch seconds. Absent: not known, so the token is not cached. */
      readonly expiresAt?: number
      /**
       * Granted scopes. If the upstream granted more than requested, they are listed too. Absent: unknown. No call that
       * an approval rule exempts gets such a token.
       */
      readonly scopes?: readonly string[]
      /**
       * Vault's id of the token's account. A running body whose token the API refuses gets another token of this
       * account. Absent: of the account that the vault chooses then.
       */
      readonly account?: string
      /** Time that the token may be used before the vault is asked again, in seconds. @default until it expires */
      readonly recheckSeconds?: number
    }
  | {
      readonly status: 'not_connected' | 'must_reconnect' | 'needs_scopes' | 'choose_account'
      readonly detail: string
      /** Account that must be connected again, if it is known. For the page of the app. */
      readonly account?: string
    }
  /** The vault no longer accepts the token that proves the user: a matter of login, not of the connection. */
  | { readonly status: 'login_required'; readonly detail: string }
  | { readonly status: 'unavailable'; readonly detail: string; readonly retryAfter?: number }
  | { readonly status: 'misconfigured'; readonly detail: string }

/** Parts of the guard that a vault may use. */
export interface VaultContext extends RequestOptions {
  /** Authorization servers of the guard, by issuer. */
  readonly authorizationServers: AuthorizationServers
  /** Current time, in epoch milliseconds. */
  readonly now: number
}

/** The user and connection whose tokens changed: another account was chosen, or one was removed. */
export interface ChangedConnection extends Principal {
  /** Name of the connection whose linked accounts changed. */
  readonly connection: string
}

/**
 * Keeps the user's third-party refresh tokens and returns short-lived access tokens.
 *
 * Returns a value for everything that is expected. It never reports an outage as a missing connection.
 */
export interface Vault {
  /** Version of this port that the vault implements. */
  readonly specificationVersion: 1
  /** Whether it can get tokens of an absent user, by a grant of its own, under a delegation. @default false */
  readonly hasWorkerGrant?: boolean
  /** Returns a token of the linked account, or the reason why it is missing. */
  token(request: VaultRequest, context: VaultContext): Promise<VaultAnswer>
  /**
   * The page of the app on which the user connects an account: for the interrupt. Holds no ticket and no token.
   */
  connectUrl?(wanted: Pick<VaultRequest, 'connection' | 'scopes' | 'account'>): string | undefined
  /** Notifies the listener of changes made through this object, so that caches can drop its tokens. */
  onChange?(listener: (changed: ChangedConnection) => void): void
}

/** Makes the URLs of interrupts: the app's page, with the request in its query. */
export function connectPageUrl(option: string, page: string | undefined) {
  if (page !== undefined) {
    const url = URL.canParse(page) ? new URL(page) : undefined
    if (url === undefined || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url)))) {
      throw new ConfigurationError(option, 'give an absolute https: URL of a page of the app')
    }
  }
  return ({
    connection,
    scopes,
    account,
  }: Pick<VaultRequest, 'connection' | 'scopes' | 'account'>): string | undefined => {
    if (page === undefined) return undefined
    const url = new URL(page)
    url.searchParams.set('connection', connection)
    url.searchParams.set('scopes', scopes.join(' '))
    if (account !== undefined) url.searchParams.set('account', account)
    return url.href
  }
}
