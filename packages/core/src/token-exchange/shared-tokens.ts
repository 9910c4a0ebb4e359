import * as z from 'zod/mini'
import type { Actor } from '../contract/index.ts'
import { type IssuedToken, type ProofKey, revealToken, Token } from '../credential/index.ts'
import { BehalfError } from '../errors/index.ts'
import { type KeyedHash, openStoreKeys, pause, type Sealer, type StoreKeys } from '../lib/index.ts'
import type { Clock, Store } from '../ports/index.ts'
import { decodeFailure, encodeFailure } from './shared-failure.ts'
import { ownerOf, type TokenCacheKey, type TokenOwner } from './token-cache-key.ts'
import { skewOf } from './token-life.ts'

/** What several processes share their exchanged tokens through. */
export interface SharedTokensOptions {
  readonly store: Store
  readonly keys?: StoreKeys | undefined
  readonly clock: Clock
  /** As the cache's. */
  readonly skewSeconds: number
}

/** Whose tokens are to be found no more: all of a user's, or those of one session or one delegation. */
export type ForgottenOwner = Pick<TokenOwner, 'issuer' | 'tenant' | 'subject' | 'sessionId' | 'delegationId'>

export interface TakeOptions {
  /** Who exchanges: the new token names them, and their client is all that may use it. */
  readonly client: string
  readonly agent: string
  readonly signal: AbortSignal
  /** The profile's own key: a token that is bound to another is of no use here. */
  readonly dpop?: ProofKey | undefined
  /** The token that an API refused: the very same is not taken again. */
  readonly refused?: IssuedToken | undefined
}

type Load = (signal: AbortSignal) => Promise<IssuedToken>

/** A process that got the right to exchange and died is waited for no longer than this. Seconds. */
const LEASE_SECONDS = 10

/** So long a failed exchange can be read by those who waited for it. Seconds. */
const FAILURE_SECONDS = 2

/** How often somebody who waits for another process looks, milliseconds. With jitter: half to all of it. */
const LOOK_MS = 80

/** A revocation is remembered this long: no token lives longer. Seconds. */
const FORGOTTEN_SECONDS = 30 * 24 * 3600

const encoder = new TextEncoder()
const decoder = new TextDecoder()
const mark = new Uint8Array([1])

const stored = z.object({
  v: z.literal(1),
  token: z.string(),
  scopes: z.array(z.string()),
  actor: z.optional(z.looseObject({ subject: z.string() })),
  /** Epoch seconds. */
  expiresAt: z.number(),
  keptAt: z.number(),
})

/**
 * Exchanged tokens in a Store, sealed, so that several processes exchange once.
 *
 * A convenience, and never a condition: what cannot be read, opened or written costs an exchange and nothing else.
 * A revocation changes the names under which the owner's tokens are looked for, so that a token that was under way
 * when it came is found by nobody.
 */
export class SharedTokens {
  readonly #store: Store
  readonly #sealer: Sealer
  readonly #hash: KeyedHash
  readonly #clock: Clock
  readonly #skewMs: number

  constructor({ store, keys, clock, skewSeconds }: SharedTokensOptions) {
    const { store: opened, sealer, hash } = openStoreKeys(store, keys)
    this.#store = opened
    this.#sealer = sealer
    this.#hash = hash
    this.#clock = clock
    this.#skewMs = skewSeconds * 1000
  }

  /** The token that another process has, or what `load` gets: by one process at a time. */
  async take(key: TokenCacheKey, load: Load, options: TakeOptions): Promise<IssuedToken> {
    const name = await quietly(() => this.#nameOf(key, options))
    if (name === undefined) return load(options.signal)
    const until = performance.now() + LEASE_SECONDS * 1000
    let hasWaited = false
    do {
      const found = await quietly(() => this.#read(name, options))
      if (found !== undefined) return found
      const failed = await quietly(() => this.#failure(name))
      // A failure that was there before this call is not the answer to it.
      if (failed !== undefined && hasWaited) throw failed.error
      const ifVersion = failed?.version ?? null
      const claim = await quietly(() =>
        this.#store.put(`${name}:claim`, mark, { ifVersion, expiresInSeconds: LEASE_SECONDS }),
      )
      if (claim !== 'conflict') return this.#loadAndKeep(name, claim, load, options)
      hasWaited = true
      await pause(LOOK_MS * (0.5 + Math.random() / 2), options.signal)
    } while (performance.now() < until)
    return load(options.signal)
  }

  /**
   * From here on no process finds what was kept for them.
   *
   * @throws StoreError It could not be written: tokens may still be found.
   */
  async forget(owner: ForgottenOwner): Promise<void> {
    const [name] = epochsOf(owner).slice(-1)
    if (name === undefined) return
    const key = await this.#epochKey(name)
    const before = await this.#store.get(key)
    // A conflict is another revocation, which serves as well.
    await this.#store.put(key, mark, { ifVersion: before?.version ?? null, expiresInSeconds: FORGOTTEN_SECONDS })
  }

  async #loadAndKeep(name: string, claim: string | undefined, load: Load, options: TakeOptions): Promise<IssuedToken> {
    try {
      // Whoever had the claim before may have ended between our look and our claim.
      const found = claim === undefined ? undefined : await quietly(() => this.#read(name, options))
      if (found !== undefined) return found
      const issued = await load(options.signal)
      await quietly(() => this.#keep(name, issued))
      return issued
    } catch (error) {
      const failure = options.signal.aborted ? undefined : encodeFailure(error, this.#clock.now())
      if (claim !== undefined && failure !== undefined) await quietly(() => this.#tellFailure(name, claim, failure))
      throw error
    } finally {
      if (claim !== undefined) await quietly(() => this.#store.delete(`${name}:claim`, { ifVersion: claim }))
    }
  }

  /** In place of the claim, which is then no longer the one that is deleted. */
  async #tellFailure(name: string, claim: string, failure: string): Promise<void> {
    const key = `${name}:claim`
    const sealed = await this.#sealer.seal(key, encoder.encode(failure))
    await this.#store.put(key, sealed, { ifVersion: claim, expiresInSeconds: FAILURE_SECONDS })
  }

  /** What an exchange that ended a moment ago failed with. */
  async #failure(name: string): Promise<{ readonly version: string; readonly error: BehalfError } | undefined> {
    const key = `${name}:claim`
    const found = await this.#store.get(key)
    if (found === undefined || found.value.length === mark.length) return undefined
    // An old one may have been put back by a writer to the store. Clocks of processes may differ.
    const since = this.#clock.now() - LEASE_SECONDS * 1000
    const error = decodeFailure(decoder.decode(await this.#sealer.open(key, found.value)), since)
    return error && { version: found.version, error }
  }

  async #read(name: string, { dpop, refused }: TakeOptions): Promise<IssuedToken | undefined> {
    const found = await this.#store.get(name)
    if (found === undefined) return undefined
    const { success, data } = stored.safeParse(JSON.parse(decoder.decode(await this.#sealer.open(name, found.value))))
    if (!success) return undefined
    const { token, scopes, expiresAt, keptAt, actor } = data
    const endsAt = expiresAt * 1000
    if (this.#clock.now() >= endsAt - 2 * skewOf(endsAt - keptAt * 1000, this.#skewMs)) return undefined
    if (refused !== undefined && revealToken(refused.token) === token) return undefined
    return {
      token: new Token(token),
      scopes,
      expiresAt,
      ...(dpop !== undefined && { dpop }),
      ...(actor !== undefined && { actor: actor as Actor }),
    }
  }

  async #keep(name: string, { token, scopes, expiresAt, dpop, actor }: IssuedToken): Promise<void> {
    // I7: without an end it is not kept. I8: a key of this process alone is of no use to another.
    if (expiresAt === undefined || dpop?.importable === false) return
    const value: z.infer<typeof stored> = {
      v: 1,
      token: revealToken(token),
      scopes: [...scopes],
      expiresAt,
      keptAt: this.#clock.now() / 1000,
      ...(actor !== undefined && { actor: { ...actor } }),
    }
    const sealed = await this.#sealer.seal(name, encoder.encode(JSON.stringify(value)))
    const before = await this.#store.get(name)
    await this.#store.put(name, sealed, { ifVersion: before?.version ?? null, expiresAt })
  }

  /** Keyed hash of all that makes the token another one, its key too, and of what was revoked for its owner until now. */
  async #nameOf(key: TokenCacheKey, { client, agent, dpop }: TakeOptions): Promise<string> {
    const epochs = await Promise.all(
      epochsOf(ownerOf(key)).map(async (name) => (await this.#store.get(await this.#epochKey(name)))?.version ?? null),
    )
    return `token:${await this.#hash(JSON.stringify(['token', key, client, agent, dpop?.thumbprint ?? null, epochs]))}`
  }

  async #epochKey(name: string): Promise<string> {
    return `token-epoch:${await this.#hash(name)}`
  }
}

/**
 * The user as a whole, then the session, then the delegation: each where the owner has one. Each in all tenants first,
 * then in the owner's own.
 */
function epochsOf({ issuer, tenant, subject, sessionId, delegationId }: ForgottenOwner): readonly string[] {
  const tenants = tenant === undefined ? [null] : [null, tenant]
  const named = { subject, session: sessionId, delegation: delegationId }
  return Object.entries(named).flatMap(([kind, id]) =>
    id === undefined ? [] : tenants.map((of) => JSON.stringify([kind, issuer, of, id])),
  )
}

/** `undefined` where the store fails, or what it gives does not open. */
async function quietly<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (BehalfError.isInstance(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}
