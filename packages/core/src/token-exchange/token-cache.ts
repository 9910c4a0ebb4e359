import { LRUCache } from 'lru-cache'
import type { IssuedToken } from '../credential/index.ts'
import { ConfigurationError } from '../errors/index.ts'
import { refuseUnknownKeys, SingleFlight } from '../lib/index.ts'
import { type Clock, systemClock } from '../ports/index.ts'
import { ownerOf, type TokenCacheKey, type TokenOwner } from './token-cache-key.ts'

export interface TokenCacheOptions {
  /** How many tokens are kept; the least used go first. @default 10_000 */
  readonly maxEntries?: number
  /** How long before its end a token is no longer given out, in seconds; less for short-lived ones. @default 30 */
  readonly skewSeconds?: number
  /** @default the system's clock */
  readonly clock?: Clock
}

interface Entry {
  readonly issued: IssuedToken
  /** Epoch milliseconds. */
  readonly staleAt: number
}

/**
 * Issued tokens, in this process's memory, until shortly before they end.
 *
 * Bounded in number. A token whose end is not known is not kept, nor is a failure. Identical requests
 * in flight are made once (I4). Never give it a token that an approval gave: those live in its record (I2).
 */
export class TokenCache {
  readonly #entries: LRUCache<TokenCacheKey, Entry>
  readonly #flights = new SingleFlight<IssuedToken>()
  readonly #skewMs: number
  readonly #clock: Clock
  /** Raised when tokens are dropped: what was under way then is not kept, nor joined by later callers. */
  #generation = 0

  constructor(options: TokenCacheOptions = {}) {
    refuseUnknownKeys('tokenCache', options, ['maxEntries', 'skewSeconds', 'clock'])
    const { maxEntries = 10_000, skewSeconds = 30, clock = systemClock } = options
    if (!Number.isSafeInteger(maxEntries) || maxEntries <= 0) {
      throw new ConfigurationError('tokenCache.maxEntries', 'give a positive whole number')
    }
    if (!Number.isFinite(skewSeconds) || skewSeconds < 0) {
      throw new ConfigurationError('tokenCache.skewSeconds', 'give a number of seconds, 0 or more')
    }
    this.#entries = new LRUCache({ max: maxEntries })
    this.#skewMs = skewSeconds * 1000
    this.#clock = clock
  }

  /** The token under `key`, if there is one that lives. Makes no request and waits for nothing. */
  peek(key: TokenCacheKey): IssuedToken | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined) return undefined
    if (this.#clock.now() < entry.staleAt) return entry.issued
    this.#entries.delete(key)
    return undefined
  }

  /**
   * The token under `key`, or what `load` gets; one `load` at a time for one key.
   *
   * @param load - Gets a signal that aborts once nobody waits any more.
   * @throws What `load` throws, to everybody who waits for it. The next caller tries again.
   */
  async get(
    key: TokenCacheKey,
    load: (signal: AbortSignal) => Promise<IssuedToken>,
    signal?: AbortSignal,
  ): Promise<IssuedToken> {
    signal?.throwIfAborted()
    const cached = this.peek(key)
    if (cached !== undefined) return cached
    const generation = this.#generation
    return this.#flights.run(
      `${generation}:${key}`,
      async (shared) => {
        const issued = await load(shared)
        if (generation === this.#generation) this.#keep(key, issued)
        return issued
      },
      signal,
    )
  }

  /** Drops the token under `key`; with `issued`, only if it is that very one: another caller may have renewed it. */
  delete(key: TokenCacheKey, issued?: IssuedToken): void {
    if (issued !== undefined && this.#entries.get(key)?.issued !== issued) return
    this.#entries.delete(key)
  }

  /** Drops every token whose owner `matches`, and what is under way (I9). Returns how many were kept until now. */
  deleteWhere(matches: (owner: TokenOwner) => boolean): number {
    this.#generation++
    let dropped = 0
    for (const key of [...this.#entries.keys()]) {
      if (!matches(ownerOf(key))) continue
      this.#entries.delete(key)
      dropped++
    }
    return dropped
  }

  /** How many tokens are kept. */
  get size(): number {
    return this.#entries.size
  }

  #keep(key: TokenCacheKey, issued: IssuedToken): void {
    if (issued.expiresAt === undefined) return
    // I8: what is bound to a key of this moment is had anew.
    if (issued.dpop?.importable === false) return
    const endsAt = issued.expiresAt * 1000
    const left = endsAt - this.#clock.now()
    // A token that lives for a minute only would never be used with half a minute's skew.
    const skew = Math.min(this.#skewMs, left / 4)
    // Jitter: what was issued together is not renewed together.
    const staleAt = endsAt - skew * (1 + Math.random())
    if (left > 0) this.#entries.set(key, Object.freeze({ issued: Object.freeze(issued), staleAt }))
  }
}
