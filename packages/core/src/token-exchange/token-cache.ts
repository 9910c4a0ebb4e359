import { LRUCache } from 'lru-cache'
import { type Clock, isSetBack, systemClock, TOLERANCE_SECONDS } from '../base/ports.ts'
import { SingleFlight } from '../base/process/async.ts'
import { aClock, checkOptions, kinds, upTo } from '../base/values/index.ts'
import type { IssuedToken } from '../credential/index.ts'
import { isOutage } from '../records/index.ts'
import { concerns, type Revoked } from '../records/revocation/index.ts'
import type { SharedTokens, ShareOptions } from './shared-tokens.ts'
import { skewOf, type TokenCacheKey, type TokenOwner, tokenOwnerOf } from './token-cache-key.ts'

export interface TokenCacheOptions {
  /** Maximum number of cached tokens. The least used are removed first. @default 10_000 */
  readonly maxEntries?: number
  /** Time before a token expires at which it is no longer used, in seconds; less for short-lived tokens. @default 30 */
  readonly skewSeconds?: number
  /** @default the system's clock */
  readonly clock?: Clock
  /** Store in which tokens are kept for other processes too. @default none */
  readonly shared?: SharedTokens | undefined
}

/** Called with a token that is no longer kept here. */
export type OnDropped = (key: TokenCacheKey, issued: IssuedToken) => void

type Load = (signal: AbortSignal) => Promise<IssuedToken>

interface Entry {
  readonly issued: IssuedToken
  /** Owner, read from the key once: a key is as long as the token that was exchanged. */
  readonly owner: TokenOwner
  /** Epoch milliseconds. */
  readonly storedAt: number
  /** Time from which the token is renewed while it is still used, in epoch milliseconds. */
  renewAt: number
  /** Time from which no caller gets the token, in epoch milliseconds. */
  readonly staleAt: number
}

/** Time after which a failed renewal is tried again, in milliseconds. */
const AGAIN_AFTER_MS = 1_000

/** Maximum number of remembered tokens that an API refused and that another process may still share. */
const MAX_REFUSED = 1_000

/**
 * Issued tokens, in this process's memory, until shortly before they expire.
 *
 * Has a size limit. Does not keep a token without a known expiry, nor a failure. Makes identical requests in flight
 * once (I4). Never give it a token from an approval: such tokens belong to its record (I2).
 */
export class TokenCache {
  readonly #entries: LRUCache<TokenCacheKey, Entry>
  readonly #flights = new SingleFlight<IssuedToken>()
  readonly #skewMs: number
  readonly #clock: Clock
  readonly #shared: SharedTokens | undefined
  readonly #refused = new LRUCache<TokenCacheKey, IssuedToken>({ max: MAX_REFUSED })
  /**
   * Increased when tokens are dropped. A load that was already running then is not cached, and later callers do not
   * join it.
   */
  #generation = 0

  constructor(options: TokenCacheOptions = {}) {
    const { maxEntries = 10_000, skewSeconds = TOLERANCE_SECONDS, clock = systemClock, shared } = options
    checkOptions(
      'tokenCache',
      options,
      { maxEntries: kinds.positiveInteger, skewSeconds: upTo(86_400, 0), clock: aClock },
      ['shared'],
    )
    this.#entries = new LRUCache({ max: maxEntries })
    this.#skewMs = skewSeconds * 1000
    this.#clock = clock
    this.#shared = shared
  }

  /**
   * Returns the token under `key`, if it is valid and not due to be renewed. Makes no request, and does not wait.
   * @param now - Epoch milliseconds, if the clock was read a moment ago.
   */
  peek(key: TokenCacheKey, now = this.#clock.now()): IssuedToken | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    const isUnknown = isSetBack(now, entry.storedAt)
    // Stryker disable next-line EqualityOperator: The millisecond at which a token is renewed has a random part.
    if (now < entry.renewAt && !isUnknown) return entry.issued
    if (now >= entry.staleAt || isUnknown) this.#entries.delete(key)
    return undefined
  }

  /**
   * Returns the token under `key`, or the one that `load` gets; runs one `load` at a time for one key.
   *
   * Returns a token that is due to be renewed at once, and renews it in the background. Drops a token whose renewal the
   * server refuses, so that the next caller gets the refusal.
   *
   * @param load - Gets a signal that aborts once no caller waits.
   * @param share - The token may be shared with other processes, if there is a store for it.
   * @throws The error of `load`, to each caller that waits for it. The next caller tries again.
   */
  async get(key: TokenCacheKey, load: Load, signal?: AbortSignal, share?: ShareOptions): Promise<IssuedToken> {
    signal?.throwIfAborted()
    const cached = this.peek(key)
    if (cached !== undefined) return cached
    const due = this.#entries.get(key)
    if (due === undefined) return this.#load(key, load, signal, share)
    this.#renew(key, due, load, share)
    return due.issued
  }

  /** Drops the token under `key`. With `issued`, only if it is that token: another caller may have renewed it. */
  delete(key: TokenCacheKey, issued?: IssuedToken): void {
    // Stryker disable next-line ConditionalExpression: Without a shared store, no code reads refused tokens. Without a token, there is nothing to remember. The clauses only save the entry.
    if (issued !== undefined && this.#shared !== undefined) this.#refused.set(key, issued)
    if (issued !== undefined && this.#entries.get(key)?.issued !== issued) return
    this.#entries.delete(key)
  }

  /**
   * Drops every token whose owner `matches`, and pending loads (I9). Returns how many were kept until now.
   * @param onDropped - Gets each of them.
   */
  deleteWhere(matches: (owner: TokenOwner) => boolean, onDropped?: OnDropped): number {
    this.#generation++
    let dropped = 0
    for (const [key, entry] of [...this.#entries.entries()]) {
      if (!matches(entry.owner)) continue
      this.#entries.delete(key)
      onDropped?.(key, entry.issued)
      dropped++
    }
    return dropped
  }

  /**
   * Drops the tokens of a user, a session or a delegation here, and lets no process find the shared ones (I9). Other
   * processes keep tokens in memory until their guard reads the revocation.
   * @param onDropped - Gets each token that was kept here, to revoke it.
   * @returns how many were kept here until now
   * @throws StoreError Shared tokens may still be found. The tokens of this process are dropped.
   */
  async revoke(revoked: Revoked, onDropped?: OnDropped): Promise<number> {
    const { session, delegation } = revoked
    const dropped = this.deleteWhere(
      (owner) =>
        concerns(revoked, owner) &&
        (session === undefined || owner.session === session) &&
        (delegation === undefined || owner.delegation === delegation),
      onDropped,
    )
    await this.#shared?.forget(revoked)
    return dropped
  }

  /** Number of cached tokens. */
  get size(): number {
    return this.#entries.size
  }

  #load(
    key: TokenCacheKey,
    load: Load,
    signal: AbortSignal | undefined,
    share: ShareOptions | undefined,
  ): Promise<IssuedToken> {
    const generation = this.#generation
    return this.#flights.run(
      `${generation}:${key}`,
      async (ending) => {
        const refused = this.#refused.get(key)
        const issued =
          share === undefined || this.#shared === undefined
            ? await load(ending)
            : await this.#shared.take(key, load, { ...share, refused, signal: ending })
        if (generation === this.#generation) this.#keep(key, issued)
        return issued
      },
      signal,
    )
  }

  #renew(key: TokenCacheKey, entry: Entry, load: Load, share: ShareOptions | undefined): void {
    // No other caller renews during this renewal, and for a moment after it failed.
    entry.renewAt = this.#clock.now() + AGAIN_AFTER_MS
    this.#load(key, load, undefined, share).catch((error: unknown) => {
      if (!isOutage(error) && this.#entries.get(key) === entry) this.#entries.delete(key)
    })
  }

  #keep(key: TokenCacheKey, issued: IssuedToken): void {
    // Stryker disable next-line ConditionalExpression: Without an expiry, the remaining time is NaN, which is not above zero: such a token is never kept.
    if (issued.expiresAt === undefined) return
    // I8: a token bound to a temporary key is requested again.
    if (issued.dpop?.importable === false) return
    const endsAt = issued.expiresAt * 1000
    const storedAt = this.#clock.now()
    const left = endsAt - storedAt
    const skew = skewOf(left, this.#skewMs)
    // Jitter: tokens that were issued together are not renewed together.
    const renewAt = endsAt - skew * (1 + Math.random())
    if (!(left > 0)) return
    const owner = tokenOwnerOf(key)
    this.#entries.set(key, { issued: Object.freeze(issued), owner, storedAt, renewAt, staleAt: endsAt - skew })
  }
}
