import type * as z from 'zod/mini'
import { type Owner, principalKey } from '../base/contract/index.ts'
import { StoreError } from '../base/errors/index.ts'
import type { PutOptions, Store, Versioned } from '../base/ports.ts'
import { pause } from '../base/process/async.ts'
import { parsedJson } from '../base/values/plain-json.ts'
import { Lease } from './lease.ts'
import { isOutage } from './outages.ts'
import type { OpenedStore } from './store-keys.ts'

/** Name of a record or an index. The store gets a keyed hash of it, which reveals nothing. */
export type RecordName = readonly (string | number | null | undefined)[]

/** Rules for the records of a collection. Each is computed from the record, so a re-seal restores it. */
export interface CollectionOptions<Value> {
  /** Prefix of every key, so that records of different kinds never share a key. */
  readonly kind: string
  /** Schema of a record. A value that does not match exactly is refused, never guessed at. */
  readonly schema: z.ZodMiniType
  /** The names under which `under` finds it. */
  readonly index?: (value: Value) => readonly RecordName[]
  /** Returns the time at which the record expires. Absent: never. */
  readonly ends?: (value: Value) => Pick<PutOptions, 'expiresAt' | 'expiresInSeconds'>
  /** Returns the time from which `claimDue` finds the record. */
  readonly due?: (value: Value) => PutOptions['due']
  /** Whether `reseal` includes these records: those that outlive a seal key. @default false */
  readonly outlivesKeys?: boolean
}

/** A stored record, with the version to swap it by. */
export interface Stored<Value> {
  readonly key: string
  readonly record: Value
  readonly version: string
}

/** A record that does not open: it can be replaced or deleted, and nothing else. */
export interface Unreadable {
  readonly key: string
  readonly version: string
  readonly unreadable: StoreError
}

/** Called with the key of a record that cannot be opened. */
export type OnUnreadable = (key: string) => void

export interface WalkOptions {
  /** Returns only records after this key. */
  readonly after?: string | undefined
  /** Absent: a record that does not open ends the walk with its error. */
  readonly onUnreadable?: OnUnreadable | undefined
}

export interface WriteOptions {
  /** `null`: only if the record is absent. A version: only if the stored one is equal. */
  readonly ifVersion: string | null
  /** User or agent for whom a new record is kept: they fill their own share of a store. */
  readonly owner?: Owner | undefined
}

/** Result of sealing all records under the current key. */
export interface Resealed {
  /** Number of records that were sealed now. */
  readonly resealed: number
  /**
   * Store keys of records that cannot be opened: damaged, moved, or sealed under a key that is not listed. They are
   * unchanged. While there are any, keep the old key, or have their users connect or agree again.
   */
  readonly unreadable: readonly string[]
}

/** Maximum number of consecutive lost compare-and-swaps, before the store counts as unavailable. */
const MAX_CONFLICTS = 64
/** Maximum pause between two of them, in milliseconds. */
const MAX_PAUSE_MS = 100
/** Maximum number of consecutive writes with a lost answer, before the store counts as unavailable. */
const MAX_LOST_ANSWERS = 2
/** Minimum interval between two reads of a lease that another process has, in milliseconds. */
const LOOK_MS = 50
/** Number of records that are read at a time. */
const PAGE = 100

const encoder = new TextEncoder()

/**
 * Records of one kind in a store: sealed under their key, named by keyed hashes, checked by a schema, and changed only
 * by compare-and-swap.
 *
 * A write whose answer was lost is read again, so that it is never mistaken for the write of another process.
 */
export class Collection<Value> {
  readonly #opened: OpenedStore
  readonly #options: CollectionOptions<Value>

  constructor(opened: OpenedStore, options: CollectionOptions<Value>) {
    this.#opened = opened
    this.#options = options
  }

  /** Whether the store outlives this process. */
  get durable(): boolean {
    return this.#store.durable
  }

  get #store(): Store {
    return this.#opened.store
  }

  /** The key of a record. */
  keyOf(...name: RecordName): Promise<string> {
    return this.#hashed([this.#options.kind, ...name])
  }

  /**
   * @param instead - Value for a record that cannot be opened. Absent: its error is thrown.
   * @throws StoreError `unavailable`; `corrupt`, `moved`, `wrong_key` or `unknown_version`: it does not open.
   */
  async get(key: string, instead?: Value): Promise<Stored<Value> | undefined> {
    const found = await this.find(key)
    if (found === undefined || !('unreadable' in found)) return found
    if (instead === undefined) throw found.unreadable
    return { key, record: instead, version: found.version }
  }

  /**
   * Reads as `get` does, for callers that replace or delete a record that cannot be opened.
   * @throws StoreError `unavailable`
   */
  async find(key: string): Promise<Stored<Value> | Unreadable | undefined> {
    const found = await this.#store.get(key)
    return found && this.#openOrName({ ...found, key })
  }

  /** @returns `undefined` where another record has this key. */
  async create(key: string, value: Value, owner?: Owner): Promise<Stored<Value> | undefined> {
    const version = await this.put(key, value, { ifVersion: null, owner })
    return version === 'conflict' ? undefined : { key, record: value, version }
  }

  /** @returns the new version, or `'conflict'`: nothing was written. */
  async put(key: string, value: Value, { ifVersion, owner }: WriteOptions): Promise<string | 'conflict'> {
    const text = JSON.stringify(value)
    // A value that cannot be read again is not written: a channel or a policy may have returned an invalid one.
    this.#read(JSON.parse(text))
    const sealed = await this.#opened.sealer.seal(key, encoder.encode(text))
    const { ends, due } = this.#options
    const at = due?.(value)
    const next = at && { queue: await this.#queueName(at.queue), inSeconds: at.inSeconds }
    const index = await this.#indexesOf(value)
    const owned = owner && { owner: await this.#hashed(['owner', principalKey(owner)]) }
    const more = { ...ends?.(value), ...(next !== undefined && { due: next }), ...owned }
    return this.#write(key, sealed, { ifVersion, ...more, index })
  }

  /**
   * Changes a record, and tries again when another writer was faster. `change` gets the newest value each time, or
   * `undefined` if it is missing, and returns `undefined` to leave it unchanged.
   * @param from - A key, or the record that was read.
   * @param options.instead - As for `get`.
   * @param options.owner - As for `put`.
   * @returns what is stored now.
   */
  async change(
    from: string | Stored<Value>,
    change: (now: Value | undefined) => Value | undefined | Promise<Value | undefined>,
    { instead, owner }: { readonly instead?: Value; readonly owner?: Owner } = {},
  ): Promise<Stored<Value> | undefined> {
    const key = typeof from === 'string' ? from : from.key
    let now = typeof from === 'string' ? await this.get(key, instead) : from
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const value = await change(now?.record)
      if (value === undefined) return now
      const version = await this.put(key, value, { ifVersion: now?.version ?? null, owner })
      if (version !== 'conflict') return { key, record: value, version }
      if (attempt > 2) await pause(Math.random() * Math.min(MAX_PAUSE_MS, 2 ** attempt))
      now = await this.get(key, instead)
    }
    throw new StoreError('unavailable', `a stored ${this.#options.kind} is being changed by too many writers at once`)
  }

  async delete({ key, version }: { readonly key: string; readonly version: string }): Promise<'deleted' | 'conflict'> {
    return this.#store.delete(key, { ifVersion: version })
  }

  /**
   * Yields the records under an index name, in key order.
   *
   * An index row is not sealed: a party that writes to the database can point it at any record. So a record counts only
   * if its sealed content says that it belongs under this name. Others are skipped.
   */
  async *under(name: RecordName, { after, onUnreadable }: WalkOptions = {}): AsyncGenerator<Stored<Value>, void> {
    const index = await this.#indexName(name)
    for await (const found of this.#listed(index, after)) {
      const stored = await this.#openOrName(found)
      if ('unreadable' in stored) {
        if (onUnreadable === undefined) throw stored.unreadable
        onUnreadable(stored.key)
      } else if ((await this.#indexesOf(stored.record)).includes(index)) yield stored
    }
  }

  /**
   * Takes due records: no other caller gets them before the lease ends. A record that cannot be opened delays no other.
   */
  async claimDue(
    queue: string,
    options: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly (Stored<Value> | Unreadable)[]> {
    const claimed = await this.#store.claimDue(await this.#queueName(queue), options)
    return Promise.all(claimed.map((found) => this.#openOrName(found)))
  }

  /** Counts a use within a window. @returns the new total */
  count(key: string, windowSeconds: number): Promise<number> {
    return this.#store.increment(`uses:${key}`, { windowSeconds })
  }

  /** Takes the exclusive right to act on a record, across processes. @returns `undefined` if another holder has it. */
  lease(key: string, seconds: number): Promise<Lease | undefined> {
    return Lease.take(this.#store, `lease:${key}`, seconds)
  }

  /**
   * Runs `work` exclusively for a record, across processes. Waits for the current holder, and reads the record again
   * afterwards.
   * @param options.seconds - Maximum wait for a process that died.
   */
  async alone<Result>(
    key: string,
    { seconds, signal }: { readonly seconds: number; readonly signal: AbortSignal },
    work: () => Promise<Result>,
  ): Promise<Result> {
    for (;;) {
      signal.throwIfAborted()
      const lease = await this.lease(key, seconds)
      if (lease !== undefined) return lease.during(work)
      await pause(LOOK_MS * (1 + Math.random()), signal)
    }
  }

  /**
   * Seals every record again under the current key. Skips records that are sealed under it already, so that an
   * interrupted run continues where it stopped.
   *
   * @throws StoreError `unavailable`: call again.
   */
  async reseal(): Promise<Resealed> {
    let resealed = 0
    const unreadable: string[] = []
    for await (const found of this.#listed(await this.#indexName(ALL))) {
      let now: Stored<Value> | Unreadable | undefined = await this.#openOrName(found)
      if (!('unreadable' in now)) {
        if (await this.#opened.sealer.isCurrent(found.value)) continue
        now = await this.change(now, (value) => value).catch(unreadableAt(now))
        if (now === undefined) continue
      }
      if ('unreadable' in now) unreadable.push(now.key)
      else resealed++
    }
    return { resealed, unreadable }
  }

  async *#listed(index: string, after?: string): AsyncGenerator<Versioned, void> {
    for (let last = after; ; ) {
      const page = await this.#store.list(index, { limit: PAGE, ...(last !== undefined && { after: last }) })
      // A party that writes to the database can point an index at records of another kind.
      for (const found of page) if (found.key.startsWith(`${this.#options.kind}:`)) yield found
      if (page.length < PAGE) return
      last = page.at(-1)?.key
    }
  }

  async #write(key: string, sealed: Uint8Array, options: PutOptions): Promise<string | 'conflict'> {
    for (let lost = 0; ; ) {
      const written = await this.#store.put(key, sealed, options).catch(async (error: unknown) => {
        if (!isOutage(error) || ++lost > MAX_LOST_ANSWERS) throw error
        return { error }
      })
      if (lost === 0 || (typeof written === 'string' && written !== 'conflict')) return written as string
      const now = await this.#store.get(key).catch((error: unknown) => {
        throw typeof written === 'string' ? error : written.error
      })
      // Sealing the same value twice gives different bytes, so these bytes are from this write.
      if (now !== undefined && equalBytes(now.value, sealed)) return now.version
      if (written === 'conflict') return written
    }
  }

  #openOrName(found: Versioned): Promise<Stored<Value> | Unreadable> {
    return this.#open(found).catch(unreadableAt(found))
  }

  async #open({ key, value, version }: Versioned): Promise<Stored<Value>> {
    const bytes = await this.#opened.sealer.open(key, value)
    const json = parsedJson(bytes)
    if (json === undefined) throw new StoreError('corrupt', `a stored ${this.#options.kind} is not JSON`)
    return { key, record: this.#read(json), version }
  }

  #read(json: unknown): Value {
    const { kind, schema } = this.#options
    const parsed = schema.safeParse(json)
    if (parsed.success) return parsed.data as Value
    if (typeof json === 'object' && json !== null && 'v' in json && json.v !== 1) {
      throw new StoreError('unknown_version', `a stored ${kind} has a version that this release does not know: upgrade`)
    }
    // The error omits the issues: they may quote a person's question.
    throw new StoreError('corrupt', `a stored ${kind} has an unknown form`)
  }

  async #indexesOf(value: Value): Promise<string[]> {
    const { index, outlivesKeys } = this.#options
    const names = [...(index?.(value) ?? []), ...(outlivesKeys === true ? [ALL] : [])]
    return Promise.all(names.map((name) => this.#indexName(name)))
  }

  #indexName(name: RecordName): Promise<string> {
    return this.#hashed(name, `${this.#options.kind}-index`)
  }

  /**
   * Hashes the queue's name. So an app with another index key does not claim these records, which it could not find.
   */
  #queueName(queue: string): Promise<string> {
    return this.#hashed([queue], `${this.#options.kind}-queue`)
  }

  async #hashed(name: RecordName, of?: string): Promise<string> {
    return `${name[0]}:${await this.#opened.hash(JSON.stringify([of, ...name].map((part) => part ?? null)))}`
  }
}

/** The index name of all records. */
const ALL: RecordName = ['all']

/** Returns whether the store answered with a value that cannot be opened. */
export function isUnreadable(error: unknown): error is StoreError {
  return error instanceof StoreError && error.reason !== 'unavailable' && error.reason !== 'unclassified'
}

const unreadableAt =
  ({ key, version }: Pick<Versioned, 'key' | 'version'>) =>
  (error: unknown): Unreadable => {
    if (!isUnreadable(error)) throw error
    return { key, version, unreadable: error }
  }

const equalBytes = (left: Uint8Array, right: Uint8Array): boolean =>
  left.length === right.length && left.every((byte, at) => byte === right[at])
