import type { CryptoKey, JSONWebKeySet, JWTHeaderParameters, JWTVerifyGetKey } from 'jose'
import type { createRemoteJWKSet, ExportedJWKSCache } from 'jose/jwks/remote'
import { BehalfError, InvalidTokenError, TransportError } from '../../base/errors/index.ts'
import { isSetBack } from '../../base/ports.ts'
import { parsedJson, publicKeyProblem } from '../../base/values/index.ts'
import { jwtLibrary } from '../lazy-libraries.ts'
import { type Limits, withinDeadline, withoutSecrets } from '../requests/bounded-request.ts'

/** An unknown `kid` causes a request for new keys at most once in this time. No other request counts. */
const COOLDOWN_MS = 30_000
/** Minimum time between such requests after one failed, in milliseconds. */
const RETRY_MS = 5_000
/** Maximum time for which a withdrawn key is still trusted. */
const MAX_AGE_MS = 10 * 60_000

/** Maximum RSA modulus, in bits. A larger key only costs time. */
const MAX_MODULUS_BITS = 8192

/** Maximum number of cached results: an issuer has only a few keys. */
const MAX_FOUND = 64
const MAX_ABSENT = 64

type RemoteSet = ReturnType<typeof createRemoteJWKSet>

export interface IssuerKeysOptions {
  readonly url: URL
  /** Time limit for one refresh, retries included, in milliseconds. */
  readonly timeoutMs: number
  readonly request: (url: string, init: RequestInit) => Promise<Response>
}

/**
 * Keys of an issuer. Fetched when they are first needed, by one request for all callers that wait, and fetched again
 * when they are old.
 */
export class IssuerKeys {
  readonly #cache: Partial<ExportedJWKSCache> = {}
  readonly #options: IssuerKeysOptions
  #set: RemoteSet | undefined
  /** Keys that the set found, by algorithm and `kid`; forgotten with the set that they were found in. */
  readonly #found = new Map<string, CryptoKey>()
  #foundIn: JSONWebKeySet | undefined
  /** Problems of the set's keys that were excluded, by `kid`. */
  #refused: ReadonlyMap<string, string> = new Map()
  /** Each `kid` that is known to be missing: a request for it did not return it, or a newer key set lacks it. */
  readonly #absent = new Set<string>()
  /** Time from which an unknown `kid` may cause a request, in epoch milliseconds. */
  #mayAskAt = 0

  constructor(options: IssuerKeysOptions) {
    this.#options = options
  }

  /**
   * Finds the key of a token. Callers share a refresh; each caller keeps its own time limit.
   * @param beforeRequest - Throws if this token must not cause a request.
   */
  within(limits: Limits, beforeRequest: () => void): JWTVerifyGetKey {
    return (header, token) => this.#atHand(header) ?? this.#look(header, token, limits, beforeRequest)
  }

  #atHand({ alg, kid }: JWTHeaderParameters): CryptoKey | undefined {
    if (kid === undefined || !this.#isFresh(this.#set) || this.#foundIn !== this.#cache.jwks) return undefined
    return this.#found.get(`${alg} ${kid}`)
  }

  async #look(
    header: JWTHeaderParameters,
    token: Parameters<JWTVerifyGetKey>[1],
    limits: Limits,
    beforeRequest: () => void,
  ): Promise<CryptoKey> {
    const { kid = '' } = header
    const set = await this.#remoteSet()
    let isLatest = false
    if (!this.#isFresh(set)) {
      beforeRequest()
      isLatest = await this.#reload(set, limits)
    }
    for (;;) {
      const key = await this.#keyIn(set, header, token)
      if (key !== undefined) return key
      const problem = this.#refused.get(kid)
      if (problem !== undefined)
        throw new InvalidTokenError('unknown_key', `the issuer's key is not accepted: ${problem}`)
      beforeRequest()
      if (isLatest) this.#recordAbsent([kid])
      if (isLatest || (this.#absent.has(kid) && !set.reloading && !this.#mayAsk())) {
        throw new InvalidTokenError('unknown_key', 'the issuer has no key that fits the token')
      }
      isLatest = await this.#reloadFor(set, limits)
    }
  }

  async #keyIn(
    set: RemoteSet,
    header: JWTHeaderParameters,
    token: Parameters<JWTVerifyGetKey>[1],
  ): Promise<CryptoKey | undefined> {
    const { jwks } = this.#cache
    const { errors } = await jwtLibrary()
    let key: CryptoKey
    try {
      key = await set(header, token)
    } catch (error) {
      if (error instanceof errors.JWKSNoMatchingKey) return undefined
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        const several =
          header.kid === undefined ? 'the token names no key' : 'the token names a key by an id of several'
        throw new InvalidTokenError('signature', `${several}, and the issuer has several that fit`)
      }
      // With a set in memory, every other error means that the key of the token cannot be imported.
      if (!set.fresh || error instanceof errors.JOSEError || BehalfError.isInstance(error)) throw error
      throw new InvalidTokenError('unknown_key', "the issuer's key cannot be used", { cause: withoutSecrets(error) })
    }
    // A newer set may lack this key.
    if (header.kid !== undefined && jwks === this.#cache.jwks) this.#remember(`${header.alg} ${header.kid}`, key, jwks)
    return key
  }

  /** Returns whether the set is fresh. If the clock was set back, its age is unknown. */
  #isFresh(set: RemoteSet | undefined): boolean {
    return set?.fresh === true && !isSetBack(Date.now(), this.#cache.uat ?? 0)
  }

  #remember(name: string, key: CryptoKey, foundIn: JSONWebKeySet | undefined): void {
    if (this.#foundIn !== foundIn) this.#found.clear()
    this.#foundIn = foundIn
    if (this.#found.size < MAX_FOUND) this.#found.set(name, key)
  }

  /** Records absent keys. Evicts the oldest. */
  #recordAbsent(kids: readonly (string | undefined)[]): void {
    for (const kid of kids) {
      if (kid === undefined) continue
      this.#absent.delete(kid)
      this.#absent.add(kid)
    }
    for (const oldest of this.#absent) {
      if (this.#absent.size <= MAX_ABSENT) return
      this.#absent.delete(oldest)
    }
  }

  /**
   * Requests the keys because of an unknown `kid`.
   * @returns as `#reload` does.
   * @throws TransportError The keys were requested for an unknown `kid` a moment ago: it is unknown whether this one is
   *   new.
   */
  async #reloadFor(set: RemoteSet, limits: Limits): Promise<boolean> {
    if (set.reloading) return this.#reload(set, limits)
    if (!this.#mayAsk()) {
      throw new TransportError("the issuer's keys lack the key of this token, and were requested a moment ago", {
        retryAfter: Math.ceil((this.#mayAskAt - Date.now()) / 1000),
      })
    }
    this.#mayAskAt = Date.now() + COOLDOWN_MS
    try {
      return await this.#reload(set, limits)
    } catch (error) {
      this.#mayAskAt = Date.now() + RETRY_MS
      throw error
    }
  }

  /**
   * Requests the keys, or waits for a request that is under way.
   * @returns whether the request began now: then a key that it does not return does not exist. An earlier request may
   *   have been answered before the issuer published the key.
   */
  async #reload(set: RemoteSet, limits: Limits): Promise<boolean> {
    const isNew = !set.reloading
    const before = this.#cache.jwks
    await withinDeadline(limits, () => set.reload())
    // Keys of an older set that are missing in this one were withdrawn.
    if (before !== this.#cache.jwks) this.#recordAbsent(before?.keys.map(({ kid }) => kid) ?? [])
    return isNew
  }

  /** Returns whether new keys may be requested. A clock that was set back does not make the wait longer. */
  #mayAsk(): boolean {
    const wait = this.#mayAskAt - Date.now()
    return wait <= 0 || wait > COOLDOWN_MS
  }

  async #remoteSet(): Promise<RemoteSet> {
    const { createRemoteJWKSet, customFetch, jwksCache } = await jwtLibrary()
    this.#set ??= createRemoteJWKSet(this.#options.url, {
      timeoutDuration: this.#options.timeoutMs,
      // The set requests no keys for an unknown `kid` by itself: its own cooldown counts every request.
      cooldownDuration: Number.POSITIVE_INFINITY,
      cacheMaxAge: MAX_AGE_MS,
      [jwksCache]: this.#cache as ExportedJWKSCache,
      [customFetch]: (url: string, init: RequestInit) => this.#request(url, init),
    })
    return this.#set
  }

  /**
   * Requests the set, and excludes keys under which a signature proves nothing. Such a key does not invalidate the
   * others.
   */
  async #request(url: string, init: RequestInit): Promise<Response> {
    const response = await this.#options.request(url, init)
    if (response.status !== 200) return response
    const text = await response.text()
    const all = (parsedJson(text) as { readonly keys?: unknown } | null | undefined)?.keys
    // The library reports a set that is malformed.
    if (!Array.isArray(all)) return new Response(text)
    const refused = new Map<string, string>()
    const keys = all.filter((key: unknown) => {
      const problem = publicKeyProblem(key, MAX_MODULUS_BITS)
      const kid: unknown = (key as { readonly kid?: unknown } | null)?.kid
      if (problem !== undefined && typeof kid === 'string') refused.set(kid, problem)
      return problem === undefined
    })
    this.#refused = refused
    return Response.json({ keys })
  }
}
