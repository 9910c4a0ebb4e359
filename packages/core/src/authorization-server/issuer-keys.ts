import type { CryptoKey, JSONWebKeySet, JWTHeaderParameters, JWTVerifyGetKey } from 'jose'
import type { createRemoteJWKSet, ExportedJWKSCache } from 'jose/jwks/remote'
import { jwtLibrary } from './jwt-library.ts'
import { type Limits, withinDeadline } from './within-deadline.ts'

/** An unknown `kid` makes us look for new keys at most once in this time. */
const COOLDOWN_MS = 30_000
/** A key that the issuer withdrew is trusted no longer than this. */
const MAX_AGE_MS = 10 * 60_000

/** An issuer has a handful. */
const MAX_FOUND = 64

export interface IssuerKeysOptions {
  readonly url: URL
  /** Time of one refresh, retries included, milliseconds. */
  readonly timeoutMs: number
  readonly request: (url: string, init: RequestInit) => Promise<Response>
}

/** The keys of an issuer: fetched when first needed, by one request for all who wait, and again when they age. */
export class IssuerKeys {
  readonly #cache: Partial<ExportedJWKSCache> = {}
  readonly #options: IssuerKeysOptions
  #set: ReturnType<typeof createRemoteJWKSet> | undefined
  /** Keys that the set found, by algorithm and `kid`; forgotten with the set that they were found in. */
  readonly #found = new Map<string, CryptoKey>()
  #foundIn: JSONWebKeySet | undefined

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  /**
   * Finds the key of a token. A refresh that it has to wait for is shared; the limits are the caller's own.
   *
   * @param beforeRequest - Throws where this token must not cause one.
   */
  within(limits: Limits, beforeRequest: () => void): JWTVerifyGetKey {
    return (header, token) => this.#atHand(header) ?? this.#look(header, token, limits, beforeRequest)
  }

  #atHand({ alg, kid }: JWTHeaderParameters): CryptoKey | undefined {
    if (kid === undefined || this.#set?.fresh !== true || this.#foundIn !== this.#cache.jwks) return undefined
    return this.#found.get(`${alg} ${kid}`)
  }

  async #look(
    header: JWTHeaderParameters,
    token: Parameters<JWTVerifyGetKey>[1],
    limits: Limits,
    beforeRequest: () => void,
  ): Promise<CryptoKey> {
    const { alg, kid } = header
    const set = await this.#remoteSet()
    const { jwks } = this.#cache
    if (!set.fresh || jwks?.keys.some((key) => key.kid === kid) !== true) {
      beforeRequest()
      return withinDeadline(limits, () => set(header, token))
    }
    // Without a timer, which would cost more than all else around a signature.
    const key = await set(header, token)
    // A set that came in the meantime may lack this key.
    if (kid === undefined || jwks !== this.#cache.jwks) return key
    if (this.#foundIn !== jwks) this.#found.clear()
    this.#foundIn = jwks
    if (this.#found.size < MAX_FOUND) this.#found.set(`${alg} ${kid}`, key)
    return key
  }

  async #remoteSet(): Promise<ReturnType<typeof createRemoteJWKSet>> {
    const { createRemoteJWKSet, customFetch, jwksCache } = await jwtLibrary()
    this.#set ??= createRemoteJWKSet(this.#options.url, {
      timeoutDuration: this.#options.timeoutMs,
      cooldownDuration: COOLDOWN_MS,
      cacheMaxAge: MAX_AGE_MS,
      [jwksCache]: this.#cache as ExportedJWKSCache,
      [customFetch]: this.#options.request,
    })
    return this.#set
  }
}
