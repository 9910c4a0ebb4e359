import * as z from 'zod/mini'
import type { Actor } from '../base/contract/index.ts'
import { BehalfError, OAuthResponseError, TransportError } from '../base/errors/index.ts'
import { type Clock, type Store, TOLERANCE_SECONDS } from '../base/ports.ts'
import { pause } from '../base/process/async.ts'
import { type IssuedToken, type ProofKey, revealToken, Token } from '../credential/index.ts'
import { Collection, openStoreKeys, type StoreKeys } from '../records/index.ts'
import type { Revoked } from '../records/revocation/index.ts'
import { skewOf, type TokenCacheKey, tokenOwnerOf } from './token-cache-key.ts'

const text = z.string()
const number = z.optional(z.number())

const schema = z.union([
  z.object({
    v: z.literal(1),
    /** Epoch milliseconds. */
    at: z.number(),
    kind: z.literal('refused'),
    error: text,
    errorDescription: z.optional(text),
    status: z.number(),
    retryAfter: number,
    acrValues: z.optional(z.array(text)),
    maxAge: number,
  }),
  z.object({ v: z.literal(1), at: z.number(), kind: z.literal('outage'), retryAfter: number, status: number }),
])

/**
 * Encodes the reason why an exchange failed, for processes that waited for it. `undefined`: each of them tries by
 * itself.
 */
function encodeFailure(error: unknown, at: number): string | undefined {
  if (error instanceof OAuthResponseError) {
    const { error: code, errorDescription, status, retryAfter, acrValues, maxAge } = error
    return JSON.stringify({
      v: 1,
      at,
      kind: 'refused',
      error: code,
      errorDescription,
      status,
      retryAfter,
      acrValues,
      maxAge,
    })
  }
  if (!(error instanceof TransportError)) return undefined
  const { retryAfter, status } = error
  return JSON.stringify({ v: 1, at, kind: 'outage', retryAfter, status })
}

/** Decodes the error. `undefined` if the text is no failure, or one from before `since`, in epoch milliseconds. */
function decodeFailure(json: string, since: number): OAuthResponseError | TransportError | undefined {
  const { success, data } = schema.safeParse(JSON.parse(json))
  if (!success || data.at < since) return undefined
  const { v: _v, at: _a, kind, ...fields } = data
  return kind === 'refused'
    ? new OAuthResponseError(fields as ConstructorParameters<typeof OAuthResponseError>[0])
    : new TransportError('another process had no answer to this exchange', fields as object)
}

/** Options by which several processes share their exchanged tokens. */
export interface SharedTokensOptions {
  readonly store: Store
  readonly keys?: StoreKeys | undefined
  readonly clock: Clock
}

/** A part of a guard, made by `sharedTokens()`. */
export interface SharedTokensPart {
  /** @internal For `createGuard`. */
  open(options: SharedTokensOptions): SharedTokens
}

/**
 * Returns the part that keeps exchanged tokens, sealed, in the store of the guard, so that several processes exchange
 * once.
 *
 * @example
 * ```ts
 * const guard = createGuard({ authorizationServer, agent, store, keys, sharedTokens: sharedTokens() })
 * ```
 */
export const sharedTokens = (): SharedTokensPart => ({ open: (options) => new SharedTokens(options) })

/** Allows other processes of the same agent to share a token, and names the key that proves it, if any. */
export interface ShareOptions {
  /** Client of the exchange: the new token names it, and no other client may use the token. */
  readonly client: string
  readonly agent: string
  /** The actor that the token must name, by the profile. Another process may demand another one. */
  readonly actor?: string | undefined
  /** Key of the profile: a token that is bound to another key is useless here. */
  readonly dpop?: ProofKey | undefined
}

export interface TakeOptions extends ShareOptions {
  readonly signal: AbortSignal
  /** Token that an API refused: this token is not returned again. */
  readonly refused?: IssuedToken | undefined
}

type Load = (signal: AbortSignal) => Promise<IssuedToken>

/** Lease of an exchange, in seconds: the time for which others wait for a process that died. */
const LEASE_SECONDS = 10

/** Time for which processes that waited can read a failed exchange, in seconds. */
const FAILURE_SECONDS = 2

/** Poll interval while another process exchanges, in milliseconds. With jitter: half to all of it. */
const LOOK_MS = 80

/** Time for which a revocation is kept, in seconds: no token lives longer. */
const FORGOTTEN_SECONDS = 30 * 24 * 3600

const sharedToken = z.object({
  v: z.literal(1),
  token: z.string(),
  scopes: z.array(z.string()),
  actor: z.optional(z.looseObject({ subject: z.string() })),
  /** Epoch seconds. */
  expiresAt: z.number(),
  keptAt: z.number(),
})

type SharedToken = z.infer<typeof sharedToken>

/** Right to exchange. With `failure`, the error of the exchange. */
const claimRecord = z.object({ v: z.literal(1), failure: z.optional(z.string()) })
type ClaimRecord = z.infer<typeof claimRecord>

/** Written again at each revocation: its version is a part of the names of tokens. */
const epochRecord = z.object({ v: z.literal(1) })
type EpochRecord = z.infer<typeof epochRecord>

/**
 * Exchanged tokens in a Store, sealed, so that several processes exchange once.
 *
 * Optional at each use: a token that cannot be read, opened or written costs one more exchange. A revocation changes
 * the names of the owner's tokens, so that no process finds a token that was exchanged at the same time.
 */
export class SharedTokens {
  readonly #tokens: Collection<SharedToken>
  readonly #claims: Collection<ClaimRecord>
  readonly #epochs: Collection<EpochRecord>
  readonly #clock: Clock

  constructor({ store, keys, clock }: SharedTokensOptions) {
    const opened = openStoreKeys(store, keys)
    this.#tokens = new Collection<SharedToken>(opened, {
      kind: 'token',
      schema: sharedToken,
      ends: ({ expiresAt }) => ({ expiresAt }),
    })
    this.#claims = new Collection<ClaimRecord>(opened, {
      kind: 'token-claim',
      schema: claimRecord,
      ends: ({ failure }) => ({ expiresInSeconds: failure === undefined ? LEASE_SECONDS : FAILURE_SECONDS }),
    })
    this.#epochs = new Collection<EpochRecord>(opened, {
      kind: 'token-epoch',
      schema: epochRecord,
      ends: () => ({ expiresInSeconds: FORGOTTEN_SECONDS }),
    })
    this.#clock = clock
  }

  /** Returns the token that another process has, or the token that `load` gets: by one process at a time. */
  async take(key: TokenCacheKey, load: Load, options: TakeOptions): Promise<IssuedToken> {
    const names = await quietly(() => this.#namesOf(key, options))
    if (names === undefined) return load(options.signal)
    const until = performance.now() + LEASE_SECONDS * 1000
    let hasWaited = false
    do {
      const found = await quietly(() => this.#read(names.token, options))
      if (found !== undefined) return found
      const failed = await quietly(() => this.#failure(names.claim))
      // A failure from before this call is not the answer to it.
      if (failed !== undefined && hasWaited) throw failed.error
      const ifVersion = failed?.version ?? null
      const claim = await quietly(() => this.#claims.put(names.claim, { v: 1 }, { ifVersion }))
      if (claim !== 'conflict') return this.#loadAndKeep(names, claim, load, options)
      hasWaited = true
      await pause(LOOK_MS * (0.5 + Math.random() / 2), options.signal)
    } while (performance.now() < until)
    return load(options.signal)
  }

  /**
   * Removes shared tokens, so that no process finds them from now on.
   * @throws StoreError It could not be written: tokens may still be found.
   */
  async forget(revoked: Revoked): Promise<void> {
    const [name] = epochsOf(revoked).slice(-1)
    if (name === undefined) return
    const key = await this.#epochs.keyOf(name)
    const before = await this.#epochs.find(key)
    // A conflict is another revocation, which serves as well.
    await this.#epochs.put(key, { v: 1 }, { ifVersion: before?.version ?? null })
  }

  async #loadAndKeep(
    names: TokenNames,
    version: string | undefined,
    load: Load,
    options: TakeOptions,
  ): Promise<IssuedToken> {
    const claim = version === undefined ? undefined : { key: names.claim, version }
    try {
      // The earlier holder of the claim may have finished between our read and our claim.
      const found = claim && (await quietly(() => this.#read(names.token, options)))
      if (found !== undefined) return found
      const issued = await load(options.signal)
      await quietly(() => this.#keep(names.token, issued))
      return issued
    } catch (error) {
      const failure = options.signal.aborted ? undefined : encodeFailure(error, this.#clock.now())
      // Replaces the claim, so that the claim is no longer deleted.
      if (claim !== undefined && failure !== undefined) {
        await quietly(() => this.#claims.put(claim.key, { v: 1, failure }, { ifVersion: claim.version }))
      }
      throw error
    } finally {
      if (claim !== undefined) await quietly(() => this.#claims.delete(claim))
    }
  }

  /** Returns the error of an exchange that failed a moment ago. */
  async #failure(claim: string): Promise<{ readonly version: string; readonly error: BehalfError } | undefined> {
    const found = await this.#claims.get(claim)
    if (found?.record.failure === undefined) return undefined
    // A party that writes to the store may have restored an old failure. Clocks of processes may differ.
    const since = this.#clock.now() - LEASE_SECONDS * 1000
    const error = decodeFailure(found.record.failure, since)
    return error && { version: found.version, error }
  }

  async #read(name: string, { dpop, refused }: TakeOptions): Promise<IssuedToken | undefined> {
    const found = await this.#tokens.get(name)
    if (found === undefined) return undefined
    const { token, scopes, expiresAt, keptAt, actor } = found.record
    const endsAt = expiresAt * 1000
    if (this.#clock.now() >= endsAt - 2 * skewOf(endsAt - keptAt * 1000, TOLERANCE_SECONDS * 1000)) return undefined
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
    // I7: a token without an expiry is not kept. I8: another process cannot use a key of this process alone.
    if (expiresAt === undefined || dpop?.importable === false) return
    const record: SharedToken = {
      v: 1,
      token: revealToken(token),
      scopes: [...scopes],
      expiresAt,
      keptAt: this.#clock.now() / 1000,
      ...(actor !== undefined && { actor: { ...actor } }),
    }
    const before = await this.#tokens.find(name)
    await this.#tokens.put(name, record, { ifVersion: before?.version ?? null })
  }

  /**
   * Returns the names of everything that distinguishes the token, its key included, and of the owner's revocations so
   * far.
   */
  async #namesOf(key: TokenCacheKey, { client, agent, actor, dpop }: TakeOptions): Promise<TokenNames> {
    const epochs = await Promise.all(
      epochsOf(tokenOwnerOf(key)).map(
        async (name) => (await this.#epochs.find(await this.#epochs.keyOf(name)))?.version ?? null,
      ),
    )
    const parts = [key, client, agent, actor, dpop?.thumbprint, ...epochs]
    const [token, claim] = await Promise.all([this.#tokens.keyOf(...parts), this.#claims.keyOf(...parts)])
    return { token, claim }
  }
}

interface TokenNames {
  readonly token: string
  readonly claim: string
}

/**
 * Returns the epochs of the user, then of the session, then of the delegation, if the owner has them. For each, those
 * of all tenants first, then of the owner's own tenant.
 */
function epochsOf({ issuer, tenant, subject, session, delegation }: Revoked): readonly string[] {
  const tenants = tenant === undefined ? [null] : [null, tenant]
  return Object.entries({ subject, session, delegation }).flatMap(([kind, id]) =>
    id === undefined ? [] : tenants.map((of) => JSON.stringify([kind, issuer, of, id])),
  )
}

/** Returns the result of the work, or `undefined` if the store fails, or its value cannot be opened. */
async function quietly<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await work()
  } catch (error) {
    if (BehalfError.isInstance(error)) return undefined
    throw error
  }
}
