import type { StoreError } from '../errors/index.ts'
import { canonicalJson, isUnreadable, type KeyedHash, type OnUnreadable, type Sealer, walkIndex } from '../lib/index.ts'
import type { Store, Versioned } from '../ports/index.ts'
import { type AccountOwner, type AccountRecord, decodeRecord, encodeRecord } from './account-record.ts'
import type { TokenPair } from './replaced-tokens.ts'

/** A record, where it lies and in which version. */
export interface StoredAccount {
  readonly key: string
  readonly version: string
  readonly record: AccountRecord
}

/** A record that does not open: it can be replaced or deleted, and nothing else. */
export interface UnreadableAccount {
  readonly key: string
  readonly version: string
  readonly unreadable: StoreError
}

/** Whose accounts, for a cascade: all of a user, or those that were linked in one session. */
export interface AccountsOf {
  readonly issuer: string
  /** @default all tenants of the issuer */
  readonly tenant?: string | undefined
  readonly subject?: string | undefined
  readonly session?: string | undefined
}

/** What came of sealing every connection under the current key. */
export interface ResealedAccounts {
  readonly resealed: number
  /**
   * The store's keys of records that do not open: damaged, moved, or sealed under a key that is not listed. They are
   * as they were. While there are any, keep the old key, or have their users connect again.
   */
  readonly unreadable: readonly string[]
}

/** Every account's index name, for what goes over all of them. */
const ALL = 'accounts'

/**
 * The linked accounts in a store: sealed with their key as context, found by keyed hashes.
 *
 * Names tell nothing to whoever has the database, and a record that was moved to another user does not open.
 */
export class AccountRecords {
  readonly store: Store
  readonly #sealer: Sealer
  readonly #hash: KeyedHash

  constructor(store: Store, sealer: Sealer, hash: KeyedHash) {
    this.store = store
    this.#sealer = sealer
    this.#hash = hash
  }

  key(owner: AccountOwner, connection: string, account: string): Promise<string> {
    return this.#name('account', [...ownerParts(owner), connection, account])
  }

  /** @throws StoreError `corrupt`, `moved`, `wrong_key`, `unknown_version`, `unavailable`. */
  async read(key: string): Promise<StoredAccount | undefined> {
    const found = await this.find(key)
    if (found !== undefined && 'unreadable' in found) throw found.unreadable
    return found
  }

  /** As `read`, for those who replace or delete what does not open. @throws StoreError `unavailable` */
  async find(key: string): Promise<StoredAccount | UnreadableAccount | undefined> {
    const found = await this.store.get(key)
    if (found === undefined) return undefined
    try {
      return await this.#open({ ...found, key })
    } catch (error) {
      if (!isUnreadable(error)) throw error
      return { key, version: found.version, unreadable: error }
    }
  }

  /** @returns the new version, or `'conflict'`. */
  async write(key: string, record: AccountRecord, ifVersion: string | null): Promise<string | 'conflict'> {
    const sealed = await this.#sealer.seal(key, encodeRecord(record))
    return this.store.put(key, sealed, { ifVersion, index: await this.#indexes(record) })
  }

  /** What this user linked, of one connection or of all. */
  async of(
    owner: AccountOwner,
    connection: string | undefined,
    onUnreadable: OnUnreadable,
  ): Promise<readonly StoredAccount[]> {
    const found: StoredAccount[] = []
    for await (const stored of this.#all(await this.#ownerIndex(owner, connection), onUnreadable)) found.push(stored)
    return found
  }

  /** For a cascade. */
  async *under(whose: AccountsOf, onUnreadable: OnUnreadable): AsyncGenerator<StoredAccount> {
    const { issuer, tenant, subject, session } = whose
    const index =
      session === undefined
        ? await this.#name('accounts-of-user', [issuer, subject ?? null])
        : await this.#name('accounts-of-session', [issuer, session])
    for await (const stored of this.#all(index, onUnreadable)) {
      const { owner } = stored.record
      const isTheirs = subject === undefined || owner.subject === subject
      if (isTheirs && (tenant === undefined || owner.tenant === tenant)) yield stored
    }
  }

  /** Whether a linked account has one of these tokens. */
  async isHeld(pair: TokenPair): Promise<boolean> {
    for (const index of await this.#tokenIndexes(pair)) {
      for await (const _ of this.#all(index, () => {})) return true
    }
    return false
  }

  /**
   * Seals every record anew, under the key of today. One that does not open is left as it is, and named.
   *
   * @throws StoreError `unavailable`: what was sealed anew until then stays so; call again.
   */
  async reseal(): Promise<ResealedAccounts> {
    let resealed = 0
    const unreadable: string[] = []
    for await (const { key } of this.#all(ALL, (key) => unreadable.push(key))) {
      try {
        if (await this.#resealOne(key)) resealed++
      } catch (error) {
        // It was written by somebody else since it was listed.
        if (!isUnreadable(error)) throw error
        unreadable.push(key)
      }
    }
    return { resealed, unreadable }
  }

  /** @returns whether it is still there */
  async #resealOne(key: string): Promise<boolean> {
    for (;;) {
      const stored = await this.read(key)
      if (stored === undefined) return false
      if ((await this.write(key, stored.record, stored.version)) !== 'conflict') return true
    }
  }

  async #open({ key, value, version }: Versioned): Promise<StoredAccount> {
    return { key, version, record: decodeRecord(await this.#sealer.open(key, value)) }
  }

  #all(index: string, onUnreadable: OnUnreadable): AsyncGenerator<StoredAccount, void> {
    return walkIndex(this.store, index, {
      prefix: 'account:',
      open: (found) => this.#open(found),
      indexesOf: ({ record }) => this.#indexes(record),
      onUnreadable,
    })
  }

  #ownerIndex(owner: AccountOwner, connection: string | undefined): Promise<string> {
    return connection === undefined
      ? this.#name('accounts-of', ownerParts(owner))
      : this.#name('accounts-of', [...ownerParts(owner), connection])
  }

  #tokenIndexes({ issuer, clientId, accessToken, refreshToken }: TokenPair): Promise<readonly string[]> {
    const tokens = [accessToken, refreshToken].filter((token) => token !== undefined)
    return Promise.all(tokens.map((token) => this.#name('accounts-with', [issuer, clientId, token])))
  }

  async #indexes(record: AccountRecord): Promise<readonly string[]> {
    const { owner, sessionId, connection } = record
    const { issuer, subject } = owner
    return Promise.all([
      ALL,
      this.#ownerIndex(owner, undefined),
      this.#ownerIndex(owner, connection),
      this.#name('accounts-of-user', [issuer, subject]),
      ...(sessionId === undefined ? [] : [this.#name('accounts-of-session', [issuer, sessionId])]),
      ...(await this.#tokenIndexes(record)),
    ])
  }

  async #name(kind: string, parts: readonly (string | null)[]): Promise<string> {
    return `${kind}:${await this.#hash(canonicalJson([kind, ...parts]))}`
  }
}

const ownerParts = ({ issuer, tenant, subject, clientId }: AccountOwner): readonly (string | null)[] => [
  issuer,
  tenant ?? null,
  subject,
  clientId ?? null,
]
