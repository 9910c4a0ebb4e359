import type { Surroundings } from '../authorization-server/index.ts'
import { type AnyBehalfError, BehalfError, StoreError } from '../errors/index.ts'
import { isOutage, Lease, SingleFlight } from '../lib/index.ts'
import type { AccountRecord } from './account-record.ts'
import type { AccountRecords, StoredAccount } from './account-records.ts'
import { hadNoEffect } from './never-sent.ts'
import { untilWritten } from './until-written.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamTokens } from './upstream-tokens.ts'

/** What came of a refresh. */
export type Refreshed =
  /** The account as it is now: with a token, or in need of a new connect. */
  | { readonly status: 'settled'; readonly record: AccountRecord }
  | { readonly status: 'gone' }
  | { readonly status: 'unavailable'; readonly detail: string; readonly retryAfter?: number }
  | { readonly status: 'misconfigured'; readonly detail: string }

/** Which account is refreshed, and when that is no longer needed. */
export interface RefreshWish {
  readonly key: string
  readonly upstream: Upstream
  readonly isSettled: (record: AccountRecord) => boolean
}

/** Between two looks at what another process does. Milliseconds. */
const LOOK_MS = 60

/** An answer that the store has not taken yet. */
interface Unwritten {
  readonly record: AccountRecord
  readonly version: string
}

/**
 * Refreshes an account's tokens: once in this process, and under a lease once among all.
 *
 * A refresh token that can be used only once is marked as sent before it is sent. So whoever comes after a process
 * that died knows that an answer may be lost: it is asked for once more within the provider's grace period, and beyond
 * it the account has to be connected again. Nothing is ever sent that the provider would take for a stolen token.
 */
export class AccountRefresher {
  readonly #records: AccountRecords
  readonly #surroundings: Surroundings
  readonly #flights = new SingleFlight<Refreshed>()
  readonly #unwritten = new Map<string, Unwritten>()
  readonly #leaseSeconds: number

  constructor(records: AccountRecords, surroundings: Surroundings) {
    this.#records = records
    this.#surroundings = surroundings
    // Longer than a request may take, so that no two are under way; short, since a dead process keeps it.
    this.#leaseSeconds = Math.ceil((surroundings.timeoutMs * 1.5) / 1000) + 1
  }

  /** One caller's leaving ends nothing: a refresh that was begun is finished, or its answer would be lost. */
  async run(wish: RefreshWish, signal?: AbortSignal): Promise<Refreshed> {
    signal?.throwIfAborted()
    const flight = this.#flights.run(wish.key, () => this.#alone(wish))
    if (signal === undefined) return flight
    return new Promise((resolve, reject) => {
      const leave = () => reject(signal.reason)
      signal.addEventListener('abort', leave, { once: true })
      flight.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave))
    })
  }

  async #alone(wish: RefreshWish): Promise<Refreshed> {
    const { store } = this.#records
    for (let waited = 0; ; waited += LOOK_MS) {
      const lease = await Lease.take(store, `lease:${wish.key}`, this.#leaseSeconds)
      if (lease !== undefined) {
        try {
          return await this.#refresh(wish)
        } finally {
          // One that cannot be given back runs out.
          await lease.release()
        }
      }
      if (waited >= this.#surroundings.timeoutMs) {
        return { status: 'unavailable', detail: 'another process is refreshing this account', retryAfter: 1 }
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS * (0.75 + Math.random() / 2)))
      const stored = await this.#records.read(wish.key)
      if (stored === undefined) return { status: 'gone' }
      if (wish.isSettled(stored.record)) return { status: 'settled', record: stored.record }
    }
  }

  /** Under the lease: what another process did meanwhile is looked at first. */
  async #refresh(wish: RefreshWish): Promise<Refreshed> {
    await this.#writeUnwritten(wish.key)
    const stored = await this.#records.read(wish.key)
    if (stored === undefined) return { status: 'gone' }
    const { record } = stored
    if (wish.isSettled(record)) return { status: 'settled', record }
    const { refreshToken, refreshing } = record
    const { rotates, graceSeconds } = wish.upstream.connection
    if (refreshToken === undefined) return this.#settle(wish, stored, mustReconnect(record))
    const now = this.#surroundings.clock.now()
    if (rotates && refreshing !== undefined) {
      // The answer was lost once: one more try, while the provider gives the same answer again.
      const isLate = now >= refreshing.at + graceSeconds * 1000
      if (isLate || refreshing.tries > 1) return this.#settle(wish, stored, mustReconnect(record))
    }
    try {
      await wish.upstream.ready({})
    } catch (error) {
      return outcomeOf(error)
    }
    if (!rotates) return this.#send(wish, stored, record, refreshToken)
    const marked = { ...record, refreshing: { at: refreshing?.at ?? now, tries: (refreshing?.tries ?? 0) + 1 } }
    const version = await this.#records.write(wish.key, marked, stored.version)
    if (version === 'conflict') return this.#newest(wish.key)
    return this.#send(wish, { ...stored, version, record: marked }, record, refreshToken)
  }

  /** @param before - The record without the mark: written back where the provider surely did nothing. */
  async #send(
    wish: RefreshWish,
    stored: StoredAccount,
    before: AccountRecord,
    refreshToken: string,
  ): Promise<Refreshed> {
    let tokens: UpstreamTokens
    try {
      tokens = await wish.upstream.refresh(refreshToken, {})
    } catch (error) {
      const fault = faultOf(error)
      const refusal = fault?.code === 'ERR_OAUTH_RESPONSE' ? fault.error : undefined
      if (refusal !== undefined && wish.upstream.connection.reconnectErrors.includes(refusal)) {
        return this.#settle(wish, stored, mustReconnect(before))
      }
      const isUnused = refusal !== undefined || (fault?.code === 'ERR_TRANSPORT' && hadNoEffect(fault))
      if (isUnused && stored.record !== before) await this.#records.write(wish.key, before, stored.version)
      return outcomeOf(error)
    }
    return this.#settle(wish, stored, refreshed(before, tokens, this.#surroundings.clock.now()))
  }

  /** Writes what is known now by compare-and-swap; what somebody else wrote meanwhile stands. */
  async #settle(wish: RefreshWish, stored: StoredAccount, record: AccountRecord): Promise<Refreshed> {
    let written: string | 'conflict'
    try {
      written = await untilWritten(() => this.#records.write(wish.key, record, stored.version), {
        seconds: this.#leaseSeconds / 3,
        isOurs: async () => sameTokens((await this.#records.read(wish.key))?.record, record),
      })
    } catch (error) {
      // The provider has changed its token and the store does not know: kept here, and written before the next use.
      if (isOutage(error)) this.#unwritten.set(wish.key, { record, version: stored.version })
      throw error
    }
    if (written !== 'conflict') return { status: 'settled', record }
    const newest = await this.#newest(wish.key)
    // Disconnected while the provider answered: nobody else knows of these tokens.
    if (newest.status === 'gone' && record.accessToken !== undefined) {
      await wish.upstream.revoke(tokensOf(record), {}).catch(() => false)
    }
    return newest
  }

  async #newest(key: string): Promise<Refreshed> {
    const stored = await this.#records.read(key)
    return stored === undefined ? { status: 'gone' } : { status: 'settled', record: stored.record }
  }

  async #writeUnwritten(key: string): Promise<void> {
    const unwritten = this.#unwritten.get(key)
    if (unwritten === undefined) return
    await this.#records.write(key, unwritten.record, unwritten.version)
    this.#unwritten.delete(key)
  }
}

/** The account without its tokens: the provider gives no more for them. */
export function mustReconnect(record: AccountRecord): AccountRecord {
  const { accessToken: _a, refreshToken: _r, expiresAt: _e, refreshing: _s, ...rest } = record
  return { ...rest, state: 'must_reconnect' }
}

/** RFC 6749 §6: a new refresh token replaces the old one; scopes that are not named are as before. */
function refreshed(record: AccountRecord, tokens: UpstreamTokens, now: number): AccountRecord {
  const { refreshing: _s, expiresAt: _e, ...rest } = record
  const { accessToken, refreshToken = record.refreshToken, expiresIn, scopes = record.scopes } = tokens
  return {
    ...rest,
    accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    ...(expiresIn !== undefined && { expiresAt: Math.floor(now / 1000) + expiresIn }),
    scopes: [...scopes],
    refreshedAt: now,
  }
}

export const tokensOf = ({ accessToken, refreshToken }: AccountRecord) => ({
  ...(accessToken !== undefined && { accessToken }),
  ...(refreshToken !== undefined && { refreshToken }),
})

const sameTokens = (stored: AccountRecord | undefined, wanted: AccountRecord): boolean =>
  stored?.accessToken === wanted.accessToken &&
  stored?.refreshToken === wanted.refreshToken &&
  stored?.state === wanted.state

const faultOf = (error: unknown): AnyBehalfError | undefined =>
  BehalfError.isInstance(error) ? (error as AnyBehalfError) : undefined

/** @throws What is no matter of the provider. */
export function outcomeOf(error: unknown): Extract<Refreshed, { status: 'unavailable' | 'misconfigured' }> {
  const fault = faultOf(error)
  if (fault === undefined || fault instanceof StoreError) throw error
  const detail = fault.message
  const isTemporary = fault.code === 'ERR_OAUTH_RESPONSE' && temporary.has(fault.error)
  if (!fault.retryable && !isTemporary) return { status: 'misconfigured', detail }
  const retryAfter = 'retryAfter' in fault ? fault.retryAfter : undefined
  return { status: 'unavailable', detail, ...(retryAfter !== undefined && { retryAfter }) }
}

const temporary: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])
