import { StoreError } from '../errors/index.ts'
import { isOutage, type KeyedHash, type Sealer } from '../lib/index.ts'
import type { Store } from '../ports/index.ts'
import { type OrderRecord, readRecord, writeRecord } from './stored-answer.ts'

/** Longer than clocks differ: an approval's claim outlives its token. */
const MARGIN_SECONDS = 300

/** Lost compare-and-swaps in a row, before the store counts as unavailable. */
const MAX_RACES = 16

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A record as it was read, with the version to swap it by. */
export interface Entry {
  readonly record: OrderRecord
  readonly version: string
}

export interface OrderBookOptions {
  readonly store: Store
  readonly sealer: Sealer
  readonly hash: KeyedHash
  readonly leaseSeconds: number
  readonly retentionSeconds: number
  /** Epoch seconds. */
  readonly now: () => number
}

/** Orders under their idempotency keys, and approvals under their tokens: sealed, and named by keyed hashes. */
export class OrderBook {
  readonly #options: OrderBookOptions

  constructor(options: OrderBookOptions) {
    this.#options = options
  }

  async nameOf(kind: 'order' | 'approval', parts: readonly string[]): Promise<string> {
    return `${kind}:${await this.#options.hash(JSON.stringify([kind, ...parts]))}`
  }

  async fingerprint(text: string): Promise<string> {
    return this.#options.hash(`fingerprint:${text}`)
  }

  async read(name: string): Promise<Entry | undefined> {
    const { store, sealer } = this.#options
    const found = await store.get(name)
    return found && { record: readRecord(await sealer.open(name, found.value)), version: found.version }
  }

  /** @param tokenEnd - Epoch seconds: the record outlives the token that may come with it again. */
  async write(
    name: string,
    record: OrderRecord,
    ifVersion: string | null,
    tokenEnd: number,
  ): Promise<string | 'conflict'> {
    const { store, sealer, retentionSeconds, now } = this.#options
    const expiresAt = Math.max(now(), tokenEnd) + MARGIN_SECONDS + retentionSeconds
    const value = await sealer.seal(name, writeRecord(record))
    try {
      return await store.put(name, value, { ifVersion, expiresAt })
    } catch (error) {
      if (!isOutage(error)) throw error
      // Sealed values are never equal by chance: where these very bytes stand, it was the answer that got lost.
      const found = await store.get(name)
      if (found === undefined || !sameBytes(found.value, value)) throw error
      return found.version
    }
  }

  /**
   * Uses an approval up for one order. Called by whoever holds the order's lease.
   *
   * @returns false when another order has it, and was not refused.
   */
  async claim(approval: string, order: string, tokenEnd: number): Promise<boolean> {
    const { store, sealer, now } = this.#options
    const value = await sealer.seal(approval, encoder.encode(order))
    const expiresAt = Math.max(now(), tokenEnd) + MARGIN_SECONDS
    let ifVersion: string | null = null
    for (let race = 0; race < MAX_RACES; race++) {
      if ((await store.put(approval, value, { ifVersion, expiresAt })) !== 'conflict') return true
      const found = await store.get(approval)
      const holder = found && decoder.decode(await sealer.open(approval, found.value))
      if (holder === order) return true
      if (holder !== undefined && !(await this.#wasRefused(holder))) return false
      ifVersion = found?.version ?? null
    }
    throw new StoreError('unavailable', 'an approval is being used by too many orders at once')
  }

  /** A refused order was not carried out: what was approved is still to be had, under another key. */
  async #wasRefused(order: string): Promise<boolean> {
    const { state, answer } = (await this.read(order))?.record ?? {}
    return state === 'done' && answer !== undefined && answer.status >= 400
  }

  /** The right to run an order, for as long as its holder lives. `undefined`: somebody has it. */
  async lease(order: string): Promise<{ release(): Promise<void> } | undefined> {
    const { store, leaseSeconds } = this.#options
    const key = `running:${order}`
    const first = await store.put(key, new Uint8Array(), { ifVersion: null, expiresInSeconds: leaseSeconds })
    if (first === 'conflict') return undefined
    let version: string = first
    let renewal: Promise<void> | undefined
    const renew = async () => {
      const next = await store.put(key, new Uint8Array(), { ifVersion: version, expiresInSeconds: leaseSeconds })
      if (next === 'conflict') clearInterval(timer)
      else version = next
    }
    const beat = () => {
      // A store that fails to renew is tried again at the next beat; only a lost lease ends this.
      renewal = renew().catch(() => {})
    }
    const timer = setInterval(beat, (leaseSeconds * 1000) / 3)
    // On Node, a lease alone keeps no process alive.
    if (typeof timer === 'object') timer.unref?.()
    return {
      async release() {
        clearInterval(timer)
        await renewal
        await store.delete(key, { ifVersion: version })
      },
    }
  }
}

const sameBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, at) => byte === right[at])
