import { StoreError } from '../errors/index.ts'
import type { PutOptions, Store } from '../ports/index.ts'
import { isOutage } from './classified-store.ts'
import type { OnUnreadable } from './collection.ts'
import type { KeyedHash } from './digest.ts'
import type { Sealer } from './seal.ts'
import { openStoreKeys, type StoreKeys } from './store-keys.ts'
import { walkIndex } from './walk-index.ts'

/** Lost answers in a row, before the store counts as unavailable. */
const MAX_LOST_ANSWERS = 2
/** How long somebody who waits for a lease waits between two looks, milliseconds. */
const LOOK_MS = 50

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A record as it was read, with the version to swap it by. Its form is for the caller to check. */
export interface SealedRecord {
  readonly key: string
  readonly value: unknown
  readonly version: string
}

/** How records under an index are read. */
export interface ListOptions {
  /** Computes the index names of a record from its value. A record that does not name the index is skipped. */
  readonly indexesOf: (value: unknown) => Promise<readonly string[]>
  /** Only keys after this one. */
  readonly after?: string | undefined
  readonly onUnreadable?: OnUnreadable | undefined
}

/** Records of one kind over a Store: sealed, named by keyed hashes, changed by compare-and-swap only. */
export class SealedRecords {
  readonly #kind: string
  readonly #store: Store
  readonly #sealer: Sealer
  readonly #hash: KeyedHash

  /**
   * @param kind - Begins every key, so that kinds do not meet.
   * @throws ConfigurationError A durable store without keys, or keys that are none.
   */
  constructor(kind: string, store: Store, keys: StoreKeys | undefined) {
    const { store: opened, sealer, hash } = openStoreKeys(store, keys)
    this.#kind = kind
    this.#store = opened
    this.#sealer = sealer
    this.#hash = hash
  }

  /** Whether the store outlives this process. */
  get durable(): boolean {
    return this.#store.durable
  }

  /** The key of a record, which tells nothing about `parts`. */
  async keyOf(...parts: readonly (string | null)[]): Promise<string> {
    return `${this.#kind}:${await this.#hash(JSON.stringify([this.#kind, ...parts]))}`
  }

  async get(key: string): Promise<SealedRecord | undefined> {
    const found = await this.#store.get(key)
    return found && this.#opened(key, found.value, found.version)
  }

  /** The version of a record, also of one that does not open: for those who replace it. */
  async versionOf(key: string): Promise<string | undefined> {
    return (await this.#store.get(key))?.version
  }

  /**
   * Writes, if the stored version is still `ifVersion`. A write whose answer was lost is looked up, so that it
   * is never taken for somebody else's.
   */
  async put(key: string, value: unknown, options: PutOptions): Promise<string | 'conflict'> {
    const text = JSON.stringify(value)
    const sealed = await this.#sealer.seal(key, encoder.encode(text))
    for (let lost = 0; ; ) {
      try {
        return await this.#store.put(key, sealed, options)
      } catch (error) {
        if (!isOutage(error) || ++lost > MAX_LOST_ANSWERS) throw error
        const now = await this.#store.get(key).catch(() => undefined)
        if (now !== undefined && equalBytes(now.value, sealed)) return now.version
      }
    }
  }

  async delete(key: string, ifVersion: string): Promise<'deleted' | 'conflict'> {
    return this.#store.delete(key, { ifVersion })
  }

  /** Yields the records under an index, in key order. */
  list(index: string, { indexesOf, ...options }: ListOptions): AsyncGenerator<SealedRecord, void> {
    return walkIndex(this.#store, index, {
      ...options,
      prefix: `${this.#kind}:`,
      open: ({ key, value, version }) => this.#opened(key, value, version),
      indexesOf: ({ value }) => indexesOf(value),
    })
  }

  /** Counts a use within a window. @returns the new total */
  count(key: string, windowSeconds: number): Promise<number> {
    return this.#store.increment(`${key}:uses`, { windowSeconds })
  }

  /**
   * Does `work` alone, across processes: waits for whoever does it now, and looks again after that.
   *
   * The right ends by itself after `seconds` of the store's clock, so `work` has to be over by then.
   */
  async alone<T>(key: string, seconds: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const lease = `${key}:lease`
    for (;;) {
      signal.throwIfAborted()
      const version = await this.#store.put(lease, new Uint8Array(1), { ifVersion: null, expiresInSeconds: seconds })
      if (version === 'conflict') {
        await new Promise((resolve) => setTimeout(resolve, LOOK_MS * (1 + Math.random())))
        continue
      }
      try {
        return await work()
      } finally {
        // One that cannot be released ends by itself.
        await this.#store.delete(lease, { ifVersion: version }).catch(() => {})
      }
    }
  }

  async #opened(key: string, value: Uint8Array, version: string): Promise<SealedRecord> {
    const bytes = await this.#sealer.open(key, value)
    try {
      return { key, value: JSON.parse(decoder.decode(bytes)), version }
    } catch (cause) {
      throw new StoreError('corrupt', 'a stored value is not JSON', { cause })
    }
  }
}

/** Sealed twice, the same value is other bytes: these are from this very write. */
function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
