import type { Approver } from '../contract/index.ts'
import { StoreError } from '../errors/index.ts'
import type { KeyedHash, Sealer } from '../lib/index.ts'
import type { Clock, Store, Versioned } from '../ports/index.ts'
import { isSettled, mayBecome, type RunRecord } from './record.ts'
import { parseRecord } from './record-schema.ts'
import { dueOf, LOOKS } from './watch-due.ts'

/** A run is kept this long after its end, so that a message replayed by a framework gets its result and not a second run. */
const RETENTION_SECONDS = 30 * 24 * 3600

/** Lost compare-and-swaps in a row, before the store counts as unavailable. */
const MAX_CONFLICTS = 64

/** Records read at a time. */
const PAGE = 100

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** A record as it was read, with the version to swap it by. */
export interface Entry {
  readonly record: RunRecord
  readonly version: string
}

/** What the ledger stands on. */
export interface LedgerOptions {
  readonly store: Store
  readonly sealer: Sealer
  readonly hash: KeyedHash
  readonly clock: Clock
  /** Told of each new state, once it is written, by whoever wrote it. */
  readonly onState?: (record: RunRecord) => void
}

/**
 * Run records over a Store: sealed, found by keyed hashes, changed by compare-and-swap only.
 *
 * Knows nothing of questions and answers.
 */
export class Ledger {
  readonly #store: Store
  readonly #sealer: Sealer
  readonly #clock: Clock
  readonly #onState: (record: RunRecord) => void
  readonly hash: KeyedHash

  constructor({ store, sealer, hash, clock, onState = () => {} }: LedgerOptions) {
    this.#store = store
    this.#sealer = sealer
    this.#clock = clock
    this.#onState = onState
    this.hash = hash
  }

  /** Epoch seconds. */
  now(): number {
    return this.#clock.now() / 1000
  }

  async read(id: string): Promise<Entry | undefined> {
    const found = await this.#store.get(`run:${id}`)
    return found && this.#opened(found)
  }

  /** @returns `undefined` when the record exists already. */
  async create(record: RunRecord): Promise<Entry | undefined> {
    const version = await this.#write(record, null)
    return version === 'conflict' ? undefined : { record, version }
  }

  /**
   * Changes a record as long as `change` wants to: it gets the newest state each time another writer
   * was faster, and returns `undefined` to leave it.
   */
  async update(entry: Entry, change: (record: RunRecord) => RunRecord | undefined): Promise<Entry> {
    let current = entry
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const wanted = change(current.record)
      if (wanted === undefined) return current
      if (!mayBecome(current.record.state, wanted.state)) {
        throw new StoreError('corrupt', `a run cannot go from ${current.record.state} to ${wanted.state}`)
      }
      const version = await this.#write(wanted, current.version)
      if (version !== 'conflict') {
        if (wanted.state !== current.record.state) this.#onState(wanted)
        return { record: wanted, version }
      }
      const newest = await this.read(current.record.id)
      if (newest === undefined) throw new StoreError('unavailable', 'a run disappeared while it was changed')
      current = newest
    }
    throw new StoreError('unavailable', 'a run is being changed by too many writers at once')
  }

  /** Reads a pointer (`slot:`, `open:`) to a record's id. */
  async pointer(key: string): Promise<{ readonly id: string; readonly version: string } | undefined> {
    const found = await this.#store.get(key)
    return found && { id: decoder.decode(await this.#sealer.open(key, found.value)), version: found.version }
  }

  /** @returns whether this writer set it. */
  async point(key: string, id: string, ifVersion: string | null, expiresAt: number): Promise<boolean> {
    const value = await this.#sealer.seal(key, encoder.encode(id))
    return (await this.#store.put(key, value, { ifVersion, expiresAt })) !== 'conflict'
  }

  /** Records of an equal binding that are not settled: open, running or crashed. */
  async unsettled(binding: string): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    for (let after: string | undefined; ; ) {
      const page = await this.#store.list(`binding:${binding}`, { limit: PAGE, ...(after !== undefined && { after }) })
      for (const stored of page) entries.push(await this.#opened(stored))
      after = page.at(-1)?.key
      if (page.length < PAGE) return entries
    }
  }

  /**
   * Takes records at which a look is due; nobody else gets them before the lease ends. What does not open is
   * an error in its place, so that one bad record does not hold up the others.
   */
  async claimLooks(limit: number, leaseSeconds: number): Promise<readonly (Entry | StoreError)[]> {
    const claimed = await this.#store.claimDue(LOOKS, { limit, leaseSeconds })
    return Promise.all(
      claimed.map((stored) =>
        this.#opened(stored).catch((error: unknown) => {
          if (error instanceof StoreError) return error
          throw error
        }),
      ),
    )
  }

  /** Records that ask this person, in pages: `after` is the id that the last page ended with. */
  async askedOf(
    approver: Approver,
    options: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Entry[]> {
    const { after, limit } = options
    const page = await this.#store.list(await this.#approverIndex(approver), {
      limit,
      ...(after !== undefined && { after: `run:${after}` }),
    })
    return Promise.all(page.map((stored) => this.#opened(stored)))
  }

  /**
   * Takes the right to do something alone (ask, look, run), for a bounded time, across processes.
   *
   * @returns the lease, or `undefined` when somebody has it.
   */
  async lease(key: string, seconds: number): Promise<Lease | undefined> {
    const version = await this.#store.put(key, new Uint8Array(), { ifVersion: null, expiresAt: this.now() + seconds })
    return version === 'conflict' ? undefined : new Lease(this.#store, this.#clock, key, seconds, version)
  }

  async isLeased(key: string): Promise<boolean> {
    return (await this.#store.get(key)) !== undefined
  }

  async count(key: string, windowSeconds: number): Promise<number> {
    return this.#store.increment(key, { windowSeconds })
  }

  /** Until when the pointers to a record have to live. */
  keepUntil(record: RunRecord): number {
    return Math.max(this.now(), record.question?.expiresAt ?? 0) + RETENTION_SECONDS
  }

  async #opened({ key, value, version }: Versioned): Promise<Entry> {
    return { record: parseRecord(parseJson(decoder.decode(await this.#sealer.open(key, value)))), version }
  }

  async #approverIndex({ issuer, tenant, subject }: Approver): Promise<string> {
    return `approver:${await this.hash(JSON.stringify(['approver', issuer, tenant ?? null, subject]))}`
  }

  async #write(record: RunRecord, ifVersion: string | null): Promise<string | 'conflict'> {
    const key = `run:${record.id}`
    const value = await this.#sealer.seal(key, encoder.encode(JSON.stringify(record)))
    const owner = await this.hash(
      JSON.stringify(['owner', record.owner.issuer, record.owner.tenant ?? null, record.owner.subject ?? null]),
    )
    const index = [`owner:${owner}`]
    if (!isSettled(record.state)) index.push(`binding:${record.binding}`)
    if (record.question !== undefined) {
      index.push(await this.#approverIndex(record.question.approver))
    }
    const at = dueOf(record, this.now())
    return this.#store.put(key, value, {
      ifVersion,
      expiresAt: this.keepUntil(record),
      index,
      ...(at !== undefined && { due: { queue: LOOKS, at } }),
    })
  }
}

/** A right that ends by itself when its holder dies. */
export class Lease {
  readonly #store: Store
  readonly #clock: Clock
  readonly #key: string
  readonly #seconds: number
  #version: string

  constructor(store: Store, clock: Clock, key: string, seconds: number, version: string) {
    this.#store = store
    this.#clock = clock
    this.#key = key
    this.#seconds = seconds
    this.#version = version
  }

  /** @returns false when it had ended and somebody else may have it. */
  async renew(): Promise<boolean> {
    const expiresAt = this.#clock.now() / 1000 + this.#seconds
    const version = await this.#store.put(this.#key, new Uint8Array(), { ifVersion: this.#version, expiresAt })
    if (version === 'conflict') return false
    this.#version = version
    return true
  }

  async release(): Promise<void> {
    await this.#store.delete(this.#key, { ifVersion: this.#version })
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new StoreError('corrupt', 'a stored run is not JSON', { cause })
  }
}
