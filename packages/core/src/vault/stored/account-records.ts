import { principalKey, type RevokeOptions } from '../../base/contract/index.ts'
import { BehalfError } from '../../base/errors/index.ts'
import type { Store } from '../../base/ports.ts'
import type { RequestOptions } from '../../oauth/server.ts'
import {
  Collection,
  isUnreadable,
  Lease,
  type OnUnreadable,
  type OpenedStore,
  type RecordName,
  type Resealed,
  type Stored,
  type Unreadable,
} from '../../records/index.ts'
import { concerns, revocableName, revocableNames } from '../../records/revocation/index.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { type AccountRecord, accountRecord, type TokenPair } from './account-record.ts'

export type StoredAccount = Stored<AccountRecord>

/** The linked accounts in a store. */
export class AccountRecords {
  readonly #store: Store
  readonly #accounts: Collection<AccountRecord>

  constructor(opened: OpenedStore) {
    this.#store = opened.store
    this.#accounts = new Collection<AccountRecord>(opened, {
      kind: 'account',
      schema: accountRecord,
      index: indexOf,
      outlivesKeys: true,
    })
  }

  key(owner: AccountRecord['owner'], connection: string, account: string): Promise<string> {
    return this.#accounts.keyOf(...ownerParts(owner), connection, account)
  }

  /** @throws StoreError `corrupt`, `moved`, `wrong_key`, `unknown_version`, `unavailable`. */
  read(key: string): Promise<StoredAccount | undefined> {
    return this.#accounts.get(key)
  }

  /**
   * Reads a record like `read`, and returns a record that cannot be opened, so that it can be replaced or deleted.
   * @throws StoreError `unavailable`
   */
  find(key: string): Promise<StoredAccount | Unreadable | undefined> {
    return this.#accounts.find(key)
  }

  /** @returns the new version, or `'conflict'`. */
  write(key: string, record: AccountRecord, ifVersion: string | null): Promise<string | 'conflict'> {
    return this.#accounts.put(key, record, { ifVersion, owner: record.owner })
  }

  /**
   * Changes an account as long as `change` returns a new value, even if others write it meanwhile.
   *
   * @returns the stored value; `undefined` if it is missing or cannot be decrypted: then nothing is written.
   */
  change(
    from: string | StoredAccount,
    change: (now: AccountRecord) => AccountRecord | undefined | Promise<AccountRecord | undefined>,
  ): Promise<StoredAccount | undefined> {
    return this.#accounts
      .change(from, (now) => (now === undefined ? undefined : change(now)))
      .catch((error: unknown) => {
        if (isUnreadable(error)) return undefined
        throw error
      })
  }

  delete(found: StoredAccount | Unreadable): Promise<'deleted' | 'conflict'> {
    return this.#accounts.delete(found)
  }

  /** Takes the lease to refresh an account. @returns `undefined` if another process has it. */
  lease(key: string, seconds: number): Promise<Lease | undefined> {
    return this.#accounts.lease(key, seconds)
  }

  /** Begins a time that the store counts: the clocks of two processes may differ by more than a provider allows. */
  async beginGrace(key: string, at: number, seconds: number): Promise<void> {
    await Lease.take(this.#store, graceKey(key, at), seconds)
  }

  isInGrace(key: string, at: number): Promise<boolean> {
    return Lease.isTaken(this.#store, graceKey(key, at))
  }

  /** Returns the accounts that this user linked, of one connection or of all. */
  async of(
    owner: AccountRecord['owner'],
    connection: string | undefined,
    onUnreadable: OnUnreadable,
  ): Promise<readonly StoredAccount[]> {
    const found: StoredAccount[] = []
    for await (const stored of this.#accounts.under(index.owner(owner, connection), { onUnreadable }))
      found.push(stored)
    return found
  }

  /** Yields all accounts of a user, or those that were linked in one session. */
  async *under(whose: RevokeOptions, onUnreadable: OnUnreadable): AsyncGenerator<StoredAccount> {
    for await (const stored of this.#accounts.under(revocableName(whose), { onUnreadable })) {
      if (concerns(whose, stored.record.owner)) yield stored
    }
  }

  /**
   * Returns whether a linked account uses one of these tokens. An account that cannot be opened here may be in use by a
   * process with its key.
   */
  async isHeld(pair: TokenPair): Promise<boolean> {
    const held: string[] = []
    for (const name of index.tokens(pair)) {
      const linked = this.#accounts.under(name, { onUnreadable: (key) => held.push(key) })
      for await (const { key, record } of linked) if (record.state === 'connected') held.push(key)
    }
    return held.length > 0
  }

  /**
   * Seals every record again under the current key. Leaves a record that does not open unchanged, and names it.
   *
   * @throws StoreError `unavailable`: records that were sealed before the error stay so. Call again.
   */
  reseal(): Promise<Resealed> {
    return this.#accounts.reseal()
  }
}

const graceKey = (key: string, at: number): string => `grace:${key}:${at}`

const ownerParts = (owner: AccountRecord['owner']): RecordName => [principalKey(owner), owner.clientId]

const index = {
  owner: (owner: AccountRecord['owner'], connection?: string): RecordName => [
    'accounts-of',
    ...ownerParts(owner),
    connection,
  ],
  tokens: ({ issuer, clientId, accessToken, refreshToken }: TokenPair): readonly RecordName[] =>
    [accessToken, refreshToken].flatMap((token) =>
      token === undefined ? [] : [['accounts-with', issuer, clientId, token]],
    ),
}

function indexOf(record: AccountRecord): readonly RecordName[] {
  const { owner, sessionId, connection } = record
  return [
    index.owner(owner),
    index.owner(owner, connection),
    ...revocableNames(owner, sessionId === undefined ? [] : [sessionId]),
    ...index.tokens(record),
  ]
}

/**
 * Revokes tokens at the provider that no account here holds.
 *
 * A provider may give one token to all users who link the same account of it. While another link holds a token, the
 * token stays: a revocation would end the access of another user.
 *
 * @returns whether all of them were sent to the provider, and it accepted them
 */
export async function revokePairs(
  records: AccountRecords,
  upstream: Upstream | undefined,
  pairs: readonly TokenPair[],
  options: RequestOptions,
): Promise<boolean> {
  if (upstream === undefined || pairs.length === 0) return false
  const { issuer, clientId } = upstream.connection.profile
  const told = await Promise.all(
    pairs.map(async (pair) => {
      if (pair.issuer !== issuer || pair.clientId !== clientId || (await records.isHeld(pair))) return false
      return upstream.revoke(pair, options).catch((error: unknown) => {
        if (BehalfError.isInstance(error)) return false
        throw error
      })
    }),
  )
  return told.every(Boolean)
}
