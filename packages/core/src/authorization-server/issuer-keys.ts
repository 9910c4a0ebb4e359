import type { JWTHeaderParameters, JWTVerifyGetKey } from 'jose'
import { createRemoteJWKSet, customFetch, type ExportedJWKSCache, jwksCache } from 'jose/jwks/remote'
import { type Limits, withinDeadline } from './within-deadline.ts'

/** An unknown `kid` makes us look for new keys at most once in this time. */
const COOLDOWN_MS = 30_000
/** A key that the issuer withdrew is trusted no longer than this. */
const MAX_AGE_MS = 10 * 60_000

export interface IssuerKeysOptions {
  readonly url: URL
  /** Time of one refresh, retries included, milliseconds. */
  readonly timeoutMs: number
  readonly request: (url: string, init: RequestInit) => Promise<Response>
}

/** The keys of an issuer: fetched when first needed, by one request for all who wait, and again when they age. */
export class IssuerKeys {
  readonly #cache: Partial<ExportedJWKSCache> = {}
  readonly #set: ReturnType<typeof createRemoteJWKSet>

  constructor({ url, timeoutMs, request }: IssuerKeysOptions) {
    this.#set = createRemoteJWKSet(url, {
      timeoutDuration: timeoutMs,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: MAX_AGE_MS,
      [jwksCache]: this.#cache as ExportedJWKSCache,
      [customFetch]: request,
    })
  }

  /** Finds the key of a token. A refresh that it has to wait for is shared; the limits are the caller's own. */
  within(limits: Limits): JWTVerifyGetKey {
    // A timer for each token would cost more than all else around a signature.
    return (header, token) =>
      this.#isAtHand(header) ? this.#set(header, token) : withinDeadline(limits, () => this.#set(header, token))
  }

  #isAtHand({ kid }: JWTHeaderParameters): boolean {
    return this.#set.fresh && this.#cache.jwks?.keys.some((key) => key.kid === kid) === true
  }
}
