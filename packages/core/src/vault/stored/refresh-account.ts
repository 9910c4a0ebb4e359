import { LRUCache } from 'lru-cache'
import { type AnyBehalfError, BehalfError, StoreError } from '../../base/errors/index.ts'
import { orAborted, pause, SingleFlight } from '../../base/process/async.ts'
import { hadNoEffect, isRefusedBefore } from '../../oauth/requests/request-fault.ts'
import type { ReceivedTokens, Surroundings } from '../../oauth/server.ts'
import { isOutage, untilWritten, whileUnavailable } from '../../records/index.ts'
import type { UpstreamTokens } from '../upstream/connection-definition.ts'
import type { Upstream } from '../upstream/upstream.ts'
import {
  type AccountRecord,
  isSameUse,
  mustReconnect,
  pairOf,
  refreshed,
  sameTokens,
  unsent,
  withLateAnswer,
  withoutRefreshToken,
  withRefusedAnswer,
} from './account-record.ts'
import { type AccountRecords, revokePairs, type StoredAccount } from './account-records.ts'

/** Result of a refresh. */
export type Refreshed =
  /** The current account: with a token, or in need of a new connect. */
  | { readonly status: 'settled'; readonly record: AccountRecord }
  | { readonly status: 'gone' }
  | { readonly status: 'unavailable'; readonly detail: string; readonly retryAfter?: number }
  | { readonly status: 'misconfigured'; readonly detail: string }

/** The account to refresh, and a test of whether the refresh is no longer needed. */
export interface RefreshWish {
  readonly key: string
  readonly upstream: Upstream
  readonly isSettled: (record: AccountRecord) => boolean
}

/** Interval between two polls of the account's record while another process refreshes it, in milliseconds. */
const LOOK_MS = 60

/** Applies the result of a request to the provider to an account, whatever else was written to it meanwhile. */
type Change = (record: AccountRecord) => AccountRecord

/** A change that the store has not accepted yet: an answer, or the fact that none is awaited. */
interface Unwritten {
  readonly upstream: Upstream
  readonly stored: StoredAccount
  readonly change: Change
}

/** Time for which an unsaved answer is written again. After that, its next use writes it. Seconds. */
const WRITE_AGAIN_SECONDS = 3600

/** Maximum number of accounts whose answers are kept while the store is unavailable. */
const MAX_UNWRITTEN = 10_000

/**
 * Refreshes an account's tokens: once in this process, and under a lease once among all.
 *
 * A refresh token that can be used only once is marked as sent before it is sent. If a process dies after that, the
 * next one knows that an answer may be lost. It asks once more within the provider's grace period; later, the user must
 * connect the account again. No process sends a token that the provider would treat as stolen.
 */
export class AccountRefresher {
  readonly #records: AccountRecords
  readonly #surroundings: Surroundings
  readonly #flights = new SingleFlight<Refreshed>()
  readonly #unwritten = new LRUCache<string, Unwritten>({ max: MAX_UNWRITTEN })
  readonly #requestSeconds: number

  constructor(records: AccountRecords, surroundings: Surroundings) {
    this.#records = records
    this.#surroundings = surroundings
    this.#requestSeconds = Math.ceil((surroundings.timeoutMs * 1.5) / 1000) + 1
  }

  /**
   * Runs or joins a refresh. A caller that leaves ends nothing: a refresh that was begun is finished, or its answer
   * would be lost.
   */
  async run(wish: RefreshWish, signal?: AbortSignal): Promise<Refreshed> {
    signal?.throwIfAborted()
    const flight = this.#flights.run(wish.key, () => this.#alone(wish))
    return orAborted(flight, signal)
  }

  async #alone(wish: RefreshWish): Promise<Refreshed> {
    for (let waited = 0; ; waited += LOOK_MS) {
      const lease = await this.#records.lease(wish.key, this.#leaseSeconds(wish))
      if (lease !== undefined) return lease.during(() => this.#refresh(wish))
      if (waited >= this.#surroundings.timeoutMs) {
        return { status: 'unavailable', detail: 'another process is refreshing this account', retryAfter: 1 }
      }
      await pause(LOOK_MS * (0.75 + Math.random() / 2))
      const stored = await this.#records.read(wish.key)
      if (stored === undefined) return { status: 'gone' }
      if (wish.isSettled(stored.record)) return { status: 'settled', record: stored.record }
    }
  }

  /**
   * Returns the length of a lease: as long as a request may take, so a process that pauses for a while loses nothing. A
   * dead process keeps its lease too, so the lease is shorter if the provider's grace period must outlast it.
   */
  #leaseSeconds({ upstream: { connection } }: RefreshWish): number {
    const { rotates, graceSeconds } = connection
    if (!rotates || graceSeconds === 0) return this.#requestSeconds
    return Math.min(this.#requestSeconds, Math.max(1, graceSeconds / 3))
  }

  /** Refreshes under the lease. First reads what another process did meanwhile. */
  async #refresh(wish: RefreshWish): Promise<Refreshed> {
    await this.#writeUnwritten(wish.key)
    const stored = await this.#records.read(wish.key)
    if (stored === undefined) return { status: 'gone' }
    const { record } = stored
    if (wish.isSettled(record)) return { status: 'settled', record }
    const { refreshToken, refreshing } = record
    const { rotates, graceSeconds } = wish.upstream.connection
    if (refreshToken === undefined)
      return this.#settle(wish, stored, withoutRefreshToken(this.#surroundings.clock.now()))
    if (rotates && refreshing !== undefined) {
      // The answer was lost once: tries once more, while the provider repeats the same answer.
      const isOpen = refreshing.tries === 1 && (await this.#records.isInGrace(wish.key, refreshing.at))
      if (!isOpen) return this.#settle(wish, stored, (now) => ({ ...mustReconnect(now), refreshing }))
    }
    try {
      await wish.upstream.ready({})
    } catch (error) {
      return outcomeOf(error, wish.upstream)
    }
    if (!rotates) return this.#send(wish, stored, record, refreshToken)
    const at = refreshing?.at ?? this.#surroundings.clock.now()
    if (refreshing === undefined && graceSeconds > 0) await this.#records.beginGrace(wish.key, at, graceSeconds)
    const marked = { ...record, refreshing: { at, tries: (refreshing?.tries ?? 0) + 1 } }
    const sent = { ...stored, record: marked }
    const version = await this.#records.write(wish.key, marked, stored.version).catch((error: unknown) => {
      // Nothing was sent, whether or not the mark was written.
      if (isOutage(error))
        this.#writeLater(wish.key, { upstream: wish.upstream, stored: sent, change: (now) => unsent(now, record) })
      throw error
    })
    if (version === 'conflict') return this.#refresh(wish)
    return this.#send(wish, { ...sent, version }, record, refreshToken)
  }

  /** @param before - The record without the mark. It is restored if the provider certainly did nothing. */
  async #send(
    wish: RefreshWish,
    stored: StoredAccount,
    before: AccountRecord,
    refreshToken: string,
  ): Promise<Refreshed> {
    let tokens: UpstreamTokens
    const received: ReceivedTokens[] = []
    try {
      tokens = await wish.upstream.refresh(refreshToken, { onTokens: (some) => void received.push(some) })
    } catch (error) {
      const [refused] = received
      if (refused !== undefined) {
        await this.#settle(wish, stored, (now) => withRefusedAnswer(unsent(now, before), refused))
        return outcomeOf(error, wish.upstream)
      }
      const fault = faultOf(error)
      const refusal = fault?.code === 'ERR_OAUTH_RESPONSE' ? fault.error : undefined
      if (refusal !== undefined && wish.upstream.connection.reconnectErrors.includes(refusal)) {
        return this.#settle(wish, stored, mustReconnect)
      }
      const isUnused =
        refusal === undefined
          ? fault?.code === 'ERR_TRANSPORT' && hadNoEffect(fault)
          : isRefusedBefore(refusal) || wish.upstream.connection.unusedErrors.includes(refusal)
      if (isUnused && stored.record !== before) await this.#settle(wish, stored, (now) => unsent(now, before))
      return outcomeOf(error, wish.upstream)
    }
    const at = this.#surroundings.clock.now()
    return this.#settle(wish, stored, (now) => refreshed(now, before, tokens, at))
  }

  /** Writes the provider's answer. */
  async #settle({ key, upstream }: RefreshWish, stored: StoredAccount, change: Change): Promise<Refreshed> {
    try {
      return await this.#writeOrRevoke(key, { upstream, stored, change })
    } catch (error) {
      // The provider has changed its token, and the store does not know it. The change is kept in memory, and written
      // before the next use.
      if (isOutage(error)) this.#writeLater(key, { upstream, stored, change })
      throw error
    }
  }

  /** Writes new tokens. Revokes them if the account was disconnected: they are stored nowhere else. */
  async #writeOrRevoke(key: string, unwritten: Unwritten): Promise<Refreshed> {
    const { upstream, stored, change } = unwritten
    const settled = await this.#write(key, unwritten)
    const answered = change(stored.record)
    if (settled.status === 'gone' && answered.accessToken !== undefined) {
      await revokePairs(this.#records, upstream, [pairOf(answered)], {}).catch(() => false)
    }
    return settled
  }

  /** Writes later without a call: the account may be disconnected elsewhere and never be used here again. */
  #writeLater(key: string, unwritten: Unwritten): void {
    this.#unwritten.set(key, unwritten)
    const write = async () => {
      if (this.#unwritten.get(key) === unwritten) await this.#writeUnwritten(key)
    }
    // On Node, an unsaved answer does not keep a process alive. If the store refuses it for good, the next use writes it.
    void whileUnavailable(write, { seconds: WRITE_AGAIN_SECONDS, unref: true }).catch(() => {})
  }

  /**
   * Writes by compare-and-swap. Keeps other changes that were written meanwhile, such as a choice or a seal under a new
   * key. Does not overwrite the result of another use of a refresh token, or a new grant.
   */
  async #write(key: string, { upstream, stored: sent, change }: Unwritten): Promise<Refreshed> {
    let { version, record } = sent
    for (;;) {
      const { state } = record
      // A disconnect has begun: it knows these tokens, and no call gets them.
      const next = state === 'ending' ? { ...change(record), state } : change(record)
      const written = await untilWritten(() => this.#records.write(key, next, version), {
        seconds: this.#requestSeconds / 3,
        isOurs: async () => sameTokens((await this.#records.read(key))?.record, next),
      })
      if (written !== 'conflict') return { status: 'settled', record: next }
      const now = await this.#records.read(key)
      if (now === undefined) return { status: 'gone' }
      if (!isSameUse(now.record, sent.record)) {
        const isUnnamed = upstream.connection.account.from === 'none'
        return this.#writeLate(now, sent.record, change(sent.record), isUnnamed)
      }
      ;({ version, record } = now)
    }
  }

  /** Writes the answer to an account that was linked again while the answer was on its way. */
  async #writeLate(
    stored: StoredAccount,
    sent: AccountRecord,
    answered: AccountRecord,
    isUnnamed: boolean,
  ): Promise<Refreshed> {
    const { key } = stored
    for (let now: StoredAccount | undefined = stored; now !== undefined; now = await this.#records.read(key)) {
      const next = withLateAnswer(now.record, sent, answered, isUnnamed)
      if (next === undefined) return { status: 'settled', record: now.record }
      const { version } = now
      const seconds = this.#requestSeconds / 3
      const written = await whileUnavailable(() => this.#records.write(key, next, version), { seconds })
      if (written !== 'conflict') return { status: 'settled', record: next }
    }
    return { status: 'gone' }
  }

  async #writeUnwritten(key: string): Promise<void> {
    const unwritten = this.#unwritten.get(key)
    if (unwritten === undefined) return
    await this.#writeOrRevoke(key, unwritten)
    this.#unwritten.delete(key)
  }
}

const faultOf = (error: unknown): AnyBehalfError | undefined =>
  BehalfError.isInstance(error) ? (error as AnyBehalfError) : undefined

/** Maps an error to the result of a refresh. @throws An error that does not concern the provider. */
function outcomeOf(
  error: unknown,
  { connection }: Upstream,
): Extract<Refreshed, { status: 'unavailable' | 'misconfigured' }> {
  const fault = faultOf(error)
  if (fault === undefined || fault instanceof StoreError) throw error
  const detail = fault.message
  const isTemporary =
    fault.code === 'ERR_OAUTH_RESPONSE' && (temporary.has(fault.error) || connection.outageErrors.includes(fault.error))
  if (!fault.retryable && !isTemporary) return { status: 'misconfigured', detail }
  const retryAfter = 'retryAfter' in fault ? fault.retryAfter : undefined
  return { status: 'unavailable', detail, ...(retryAfter !== undefined && { retryAfter }) }
}

const temporary: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])
