import type { Clock } from '../../base/ports.ts'
import { revealToken, Token } from '../../credential/index.ts'
import type { Unreadable } from '../../records/index.ts'
import type { Upstream } from '../upstream/upstream.ts'
import { requestOf, type VaultAnswer, type VaultContext, type VaultRequest } from '../vault.ts'
import { type AccountRecord, accountOwner, REFUSED_AGAIN_MS } from './account-record.ts'
import type { AccountRecords, StoredAccount } from './account-records.ts'
import type { AccountRefresher } from './refresh-account.ts'
import { preferredOf } from './stored-accounts.ts'

/** Time before a token expires at which it is renewed, in seconds; at most a quarter of its lifetime. */
const EARLY_SECONDS = 60

/** Maximum time that a link may wait until its proof is read again, in milliseconds. */
const UNCONFIRMED_MS = 60_000

/** Parts that a {@link TokenReader} needs. */
interface ReaderParts {
  readonly records: AccountRecords
  readonly refresher: AccountRefresher
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly clock: Clock
  readonly recheckSeconds: number
}

/** Returns the tokens of stored accounts, renewed if necessary. */
export class TokenReader {
  readonly #records: AccountRecords
  readonly #refresher: AccountRefresher
  readonly #upstreams: ReadonlyMap<string, Upstream>
  readonly #clock: Clock
  readonly #recheckSeconds: number

  constructor(parts: ReaderParts) {
    this.#records = parts.records
    this.#refresher = parts.refresher
    this.#upstreams = parts.upstreams
    this.#clock = parts.clock
    this.#recheckSeconds = parts.recheckSeconds
  }

  async token(given: VaultRequest, { ...context }: VaultContext): Promise<VaultAnswer> {
    const request = requestOf(given)
    const { connection } = request
    const upstream = this.#upstreams.get(connection)
    if (upstream === undefined) return { status: 'misconfigured', detail: `the vault has no connection ${connection}` }
    const stored = await this.#find(request, upstream)
    if (!('record' in stored)) return stored
    const { record } = stored
    return (
      this.#settledAnswer(record, upstream, request) ??
      (this.#isFresh(record, request)
        ? this.#answer(record, upstream)
        : this.#refreshed(stored, upstream, request, context))
    )
  }

  async #find(request: VaultRequest, upstream: Upstream): Promise<StoredAccount | VaultAnswer> {
    const { identity, connection, account } = request
    const owner = accountOwner(identity)
    if (account !== undefined) {
      const stored = await this.#records.find(await this.#records.key(owner, connection, idOf(account, upstream)))
      if (stored === undefined) return { status: 'not_connected', detail: 'this account is not linked' }
      return 'unreadable' in stored ? this.#unreadable(stored) : stored
    }
    const unreadable: string[] = []
    const all = await this.#records.of(owner, connection, (key) => unreadable.push(key))
    const [first] = all
    const [lost] = unreadable
    if (first === undefined) {
      const stored = lost === undefined ? undefined : await this.#records.find(lost)
      if (stored !== undefined && 'unreadable' in stored) return this.#unreadable(stored)
      return { status: 'not_connected', detail: 'no account is linked' }
    }
    const preferred = preferredOf(all)
    if (preferred !== undefined) return preferred
    if (first.record.mustChoose === true) {
      return { status: 'choose_account', detail: 'the account that was chosen is gone, and no other was chosen' }
    }
    if (all.length + unreadable.length === 1) return first
    // An account that cannot be opened may be the chosen one, so the user must choose.
    const without = lost === undefined ? '' : `; ${unreadable.length} more do not open: ${unreadable.join(', ')}`
    return { status: 'choose_account', detail: `${all.length} accounts are linked, and none was chosen${without}` }
  }

  /**
   * Answers for a record that cannot be opened. A new link replaces a damaged record. A record that was sealed under a
   * key that is not listed, or by a later version, can be opened once the operator fixes that, so no user is asked.
   * @throws StoreError `wrong_key`, `unknown_version`
   */
  #unreadable({ key, unreadable }: Unreadable): VaultAnswer {
    const { reason, message } = unreadable
    if (reason === 'wrong_key' || reason === 'unknown_version') throw unreadable
    return { status: 'must_reconnect', detail: `${message}: ${key}` }
  }

  /**
   * Returns the answer that no refresh changes. Called for each record that was read, because the account may be linked
   * again at any time.
   */
  #settledAnswer(record: AccountRecord, upstream: Upstream, request: VaultRequest): VaultAnswer | undefined {
    const { scopes, account: asked = record.account.id } = request
    if (asked !== record.account.id && asked !== nameOf(record, upstream)) {
      return { status: 'not_connected', detail: 'this account is not linked: another one may have taken its place' }
    }
    const unusable = this.#unusable(record, upstream)
    if (unusable !== undefined) return unusable
    const missing = scopes.filter((scope) => !record.scopes.includes(scope))
    if (missing.length === 0) return undefined
    const { id: account } = record.account
    return { status: 'needs_scopes', detail: `the account was linked without ${missing.join(', ')}`, account }
  }

  /** Returns the reason why this account can serve no call, whatever its token is. */
  #unusable(record: AccountRecord, { connection: { profile } }: Upstream): VaultAnswer | undefined {
    if (record.issuer !== profile.issuer || record.clientId !== profile.clientId) {
      return { status: 'must_reconnect', detail: 'the account was linked at another provider, or with another client' }
    }
    if (record.unconfirmed) return this.#unconfirmed(record)
    if (record.state === 'connected') return undefined
    const { id: account } = record.account
    return { status: 'must_reconnect', detail: 'the provider gives no more tokens for this account', account }
  }

  #unconfirmed({ connectedAt, account: { id: account } }: AccountRecord): VaultAnswer {
    // Confirmed in a moment, or its process died.
    if (Math.abs(this.#clock.now() - connectedAt) < UNCONFIRMED_MS) {
      return { status: 'unavailable', detail: 'the account is being linked', retryAfter: 1 }
    }
    return { status: 'must_reconnect', detail: 'linking the account was broken off', account }
  }

  async #refreshed(
    stored: StoredAccount,
    upstream: Upstream,
    request: VaultRequest,
    { signal }: VaultContext,
  ): Promise<VaultAnswer> {
    const { key } = stored
    const isSettled = (now: AccountRecord) => this.#unusable(now, upstream) !== undefined || this.#isFresh(now, request)
    const refreshed = await this.#refresher.run({ key, upstream, isSettled }, signal)
    switch (refreshed.status) {
      case 'settled': {
        const settled = this.#settledAnswer(refreshed.record, upstream, request)
        return settled ?? (this.#isAlive(refreshed.record) ? this.#answer(refreshed.record, upstream) : ended)
      }
      case 'gone':
        return gone
      case 'unavailable':
        return (await this.#stillGood(key, upstream, request)) ?? refreshed
      case 'misconfigured':
        return refreshed
      default:
        return refreshed satisfies never
    }
  }

  /** After an early renewal failed, uses the current token, unless its account was disconnected or changed. */
  async #stillGood(key: string, upstream: Upstream, request: VaultRequest): Promise<VaultAnswer | undefined> {
    const now = await this.#records.read(key)
    if (now === undefined) return gone
    const { record } = now
    const settled = this.#settledAnswer(record, upstream, request)
    if (settled !== undefined) return settled
    return this.#isAlive(record) && !isRefused(record, request) ? this.#answer(record, upstream) : undefined
  }

  /**
   * Returns whether the token is valid for longer than its use takes. Jitter: tokens that were issued together are not
   * renewed together.
   */
  #isFresh(record: AccountRecord, request: VaultRequest): boolean {
    const { accessToken, expiresAt, refreshedAt } = record
    if (accessToken === undefined) return false
    const now = this.#clock.now()
    // An API that refuses every token must not decide how often the provider is asked.
    if (isRefused(record, request)) {
      const since = record.refreshToken === undefined ? record.refusedAt : refreshedAt
      // A time that is ahead of us is from before the clock was set back.
      return since !== undefined && Math.abs(now - since) < REFUSED_AGAIN_MS
    }
    if (expiresAt === undefined || record.refreshToken === undefined) return this.#isAlive(record)
    const life = expiresAt - refreshedAt / 1000
    const early = Math.min(EARLY_SECONDS, life / 4) * (0.5 + Math.random() / 2)
    return now / 1000 < expiresAt - early
  }

  #isAlive({ accessToken, expiresAt }: AccountRecord): boolean {
    return accessToken !== undefined && (expiresAt === undefined || this.#clock.now() / 1000 < expiresAt)
  }

  #answer(record: AccountRecord, upstream: Upstream): VaultAnswer {
    const { accessToken = '', expiresAt, scopes } = record
    return {
      status: 'token',
      token: new Token(accessToken),
      ...(expiresAt !== undefined && { expiresAt }),
      scopes,
      account: nameOf(record, upstream),
      recheckSeconds: this.#recheckSeconds,
    }
  }
}

/** The id under which an account is stored, by its id or by the name of its link. */
const idOf = (account: string, upstream: Upstream): string =>
  isUnnamed(upstream) ? account.replace(/:.*/, '') : account

const isUnnamed = ({ connection }: Upstream): boolean => connection.account.from === 'none'

/**
 * Returns the name of an account. If it has no id, a new link may be of another account. So an approval, a retry and a
 * running body stay with the link with which they began.
 */
const nameOf = ({ account: { id }, connectedAt }: AccountRecord, upstream: Upstream): string =>
  isUnnamed(upstream) ? `${id}:${connectedAt}` : id

const gone: VaultAnswer = { status: 'not_connected', detail: 'the account was disconnected' }

const ended: VaultAnswer = { status: 'unavailable', detail: 'the provider gave a token that has ended already' }

const isRefused = ({ accessToken }: AccountRecord, { refused }: VaultRequest): boolean =>
  refused !== undefined && accessToken !== undefined && revealToken(refused) === accessToken
