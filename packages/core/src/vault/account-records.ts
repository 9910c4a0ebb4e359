import {
  Collection,
  isUnreadable,
  Lease,
  type Name,
  type OnUnreadable,
  type OpenedStore,
  type Resealed,
  type Stored,
  type Unreadable,
} from '../lib/index.ts'
import type { Store } from '../ports/index.ts'
import { concerns } from '../revocation/index.ts'
import { type AccountOwner, type AccountRecord, accountRecord } from './account-record.ts'
import type { TokenPair } from './replaced-tokens.ts'

export type StoredAccount = Stored<AccountRecord>

/** Whose accounts, for a cascade: all of a user, or those that were linked in one session. */
export interface AccountsOf {
  readonly issuer: string
  /** @default all tenants of the issuer */
  readonly tenant?: string | undefined
  readonly subject?: string | undefined
  readonly session?: string | undefined
}

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

  key(owner: AccountOwner, connection: string, account: string): Promise<string> {
    return this.#accounts.keyOf(...ownerParts(owner), connection, account)
  }

  /** @throws StoreError `corrupt`, `moved`, `wrong_key`, `unknown_version`, `unavailable`. */
  read(key: string): Promise<StoredAccount | undefined> {
    return this.#accounts.get(key)
  }

  /** As `read`, for those who replace or delete what does not open. @throws StoreError `unavailable` */
  find(key: string): Promise<StoredAccount | Unreadable | undefined> {
    return this.#accounts.find(key)
  }

  /** @returns the new version, or `'conflict'`. */
  write(key: string, record: AccountRecord, ifVersion: string | null): Promise<string | 'conflict'> {
    return this.#accounts.put(key, record, { ifVersion })
  }

  /**
   * Changes an account as long as `change` wants to, whoever writes it meanwhile.
   *
   * @returns what is stored now; `undefined` where it is gone or does not open: then nothing is written.
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

  /** The right to refresh an account. @returns `undefined` where another process has it. */
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

  /** What this user linked, of one connection or of all. */
  async of(
    owner: AccountOwner,
    connection: string | undefined,
    onUnreadable: OnUnreadable,
  ): Promise<readonly StoredAccount[]> {
    const found: StoredAccount[] = []
    for await (const stored of this.#accounts.under(index.owner(owner, connection), { onUnreadable }))
      found.push(stored)
    return found
  }

  /** For a cascade. */
  async *under(whose: AccountsOf, onUnreadable: OnUnreadable): AsyncGenerator<StoredAccount> {
    const { issuer, subject, session } = whose
    const name = session === undefined ? index.user(issuer, subject) : index.session(issuer, session)
    for await (const stored of this.#accounts.under(name, { onUnreadable })) {
      if (concerns(whose, stored.record.owner)) yield stored
    }
  }

  /** Whether a linked account uses one of these tokens. */
  async isHeld(pair: TokenPair): Promise<boolean> {
    for (const name of index.tokens(pair)) {
      const linked = this.#accounts.under(name, { onUnreadable: () => {} })
      for await (const { record } of linked) if (record.state === 'connected') return true
    }
    return false
  }

  /**
   * Seals every record under the key of today. One that does not open is left as it is, and named.
   *
   * @throws StoreError `unavailable`: what was sealed anew until then stays so; call again.
   */
  reseal(): Promise<Resealed> {
    return this.#accounts.reseal()
  }
}

const graceKey = (key: string, at: number): string => `grace:${key}:${at}`

const ownerParts = ({ issuer, tenant, subject, clientId }: AccountOwner): Name => [issuer, tenant, subject, clientId]

const index = {
  owner: (owner: AccountOwner, connection?: string): Name => ['accounts-of', ...ownerParts(owner), connection],
  user: (issuer: string, subject: string | undefined): Name => ['accounts-of-user', issuer, subject],
  session: (issuer: string, session: string): Name => ['accounts-of-session', issuer, session],
  tokens: ({ issuer, clientId, accessToken, refreshToken }: TokenPair): readonly Name[] =>
    [accessToken, refreshToken].flatMap((token) =>
      token === undefined ? [] : [['accounts-with', issuer, clientId, token]],
    ),
}

function indexOf(record: AccountRecord): readonly Name[] {
  const { owner, sessionId, connection } = record
  const { issuer, subject } = owner
  return [
    index.owner(owner),
    index.owner(owner, connection),
    index.user(issuer, subject),
    ...(sessionId === undefined ? [] : [index.session(issuer, sessionId)]),
    ...index.tokens(record),
  ]
}
