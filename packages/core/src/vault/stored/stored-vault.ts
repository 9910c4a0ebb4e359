import type { RevokeOptions } from '../../base/contract/index.ts'
import { ConfigurationError } from '../../base/errors/index.ts'
import type { Clock, Store } from '../../base/ports.ts'
import { checkOptions, upTo } from '../../base/values/index.ts'
import { presenceIn } from '../../identity/present-user.ts'
import { type RequestOptions, type SurroundingsOptions, surroundingsOf } from '../../oauth/server.ts'
import { openStoreKeys, type Resealed, type StoreKeys } from '../../records/index.ts'
import type { AccountLinker } from '../account-linker.ts'
import { type ConnectionDefinition, checkConnection } from '../upstream/connection-definition.ts'
import { Upstream } from '../upstream/upstream.ts'
import { type ChangedConnection, connectPageUrl, type Vault, type VaultContext, type VaultRequest } from '../vault.ts'
import { AccountRecords } from './account-records.ts'
import { ConnectAttempts } from './connect-attempts.ts'
import { AccountRefresher } from './refresh-account.ts'
import { type ForgottenAccounts, StoredAccounts } from './stored-accounts.ts'
import { TokenReader } from './token-reader.ts'

export type { Resealed }

/** Options of {@link storedVault}. */
export interface StoredVaultOptions extends SurroundingsOptions {
  /**
   * Store of the connections. Pass the guard's own store: then a user whose access `guard.revoke` ended cannot link or
   * unlink, not even if the app calls `accounts` itself.
   */
  readonly store: Store
  /**
   * The guard's own keys: with another `index` key, the vault finds no revocation. They seal the records, and are
   * required with a durable store.
   * @default random keys of this process
   */
  readonly keys?: StoreKeys
  /** Connections by the names that policies use. */
  readonly connections: Readonly<Record<string, ConnectionDefinition>>
  /** The page on which the user connects accounts, for interrupts: absolute, and without secrets. */
  readonly connectPage?: string
  /**
   * Time that a guard may use a token before it asks the vault again, in seconds. It limits the use of an account that
   * another process disconnected.
   * @default 60
   */
  readonly recheckSeconds?: number
  /** @default the system's */
  readonly clock?: Clock | undefined
}

/** The embedded vault. */
export interface StoredVault extends Vault {
  /** Links and lists accounts, for the app's own pages. */
  readonly accounts: Required<AccountLinker>
  /**
   * Disconnects all accounts of a user, or those that were linked in one session. For an app's own account deletion:
   * the app names the user, not a model.
   */
  forget(whose: RevokeOptions, options?: RequestOptions): Promise<ForgottenAccounts>
  /**
   * Seals every connection under the current key. Where none was unreadable, old keys can then be dropped from
   * `keys.seal`.
   *
   * @throws StoreError `unavailable`: call again.
   */
  reseal(): Promise<Resealed>
}

const others = ['store', 'keys', 'connections', 'connectPage', 'clock', 'fetch', 'timeoutMs']

/**
 * Keeps the user's connections in a store of the app's own. For apps without a vendor's vault.
 *
 * Tokens are sealed: a copy of the database does not reveal them. One process refreshes for all. Does not narrow the
 * scopes of a linked account: its token has all scopes that the user agreed to.
 *
 * @throws ConfigurationError An option is unknown, missing or wrong.
 * @see {@link https://www.rfc-editor.org/rfc/rfc6749#section-6 | RFC 6749 §6}
 */
export function storedVault(options: StoredVaultOptions): StoredVault {
  checkOptions('storedVault', options, { recheckSeconds: upTo(86_400) }, others)
  const { connections, connectPage, recheckSeconds = 60 } = options
  if (typeof connections !== 'object' || connections === null || Object.keys(connections).length === 0) {
    throw new ConfigurationError('storedVault.connections', 'give at least one connection by its name')
  }
  const surroundings = surroundingsOf('storedVault', options)
  const opened = openStoreKeys(options.store, options.keys)
  const upstreams = new Map(
    Object.entries(connections).map(([name, given]) => [
      name,
      new Upstream(checkConnection('storedVault.connections', name, given), surroundings),
    ]),
  )
  const records = new AccountRecords(opened)
  const { clock } = surroundings
  const listeners: ((changed: ChangedConnection) => void)[] = []
  const accounts = new StoredAccounts(
    { records, attempts: new ConnectAttempts(opened, clock), upstreams, clock },
    presenceIn(options.store, options.keys, clock),
    (changed) => {
      for (const listener of listeners) listener(changed)
    },
  )
  const reader = new TokenReader({
    records,
    refresher: new AccountRefresher(records, surroundings),
    upstreams,
    clock,
    recheckSeconds,
  })
  const pageOf = connectPageUrl('storedVault.connectPage', connectPage)
  return Object.freeze({
    specificationVersion: 1,
    token: (request: VaultRequest, context: VaultContext) => reader.token(request, context),
    connectUrl: pageOf,
    onChange: (listener: (changed: ChangedConnection) => void) => void listeners.push(listener),
    accounts: accounts.linker(),
    forget: (whose: RevokeOptions, request: RequestOptions = {}) => accounts.forget(whose, request),
    reseal: () => records.reseal(),
  })
}
