import type { Approver } from '../contract/index.ts'
import { StoreError } from '../errors/index.ts'
import { type KeyedHash, type OnUnreadable, type Sealer, walkIndex } from '../lib/index.ts'
import type { Clock, Store, Versioned } from '../ports/index.ts'
import { KeptValues, parseJson } from './kept-values.ts'
import { isOutage, Lease } from './lease.ts'
import type { Owner } from './owner.ts'
import { MAX_CONFLICTS, MAX_LOST_ANSWERS, NAMED_LONG_AGO_SECONDS, Pointers } from './pointers.ts'
import { type Entry, mayBecome, type RunRecord } from './record.ts'
import { parseRecord } from './record-schema.ts'
import { bucketOf, NOES_WINDOW_SECONDS, type Refused } from './refused.ts'
import { RunIndexes } from './run-indexes.ts'
import { dueOf, LOOKS } from './watch-due.ts'

/** A run is kept this long after its end, so that a message replayed by a framework gets its result and not a second run. */
const RETENTION_SECONDS = 30 * 24 * 3600

/** A record outlives what points to it, so that no pointer leads to nothing. */
const POINTERS_END_BEFORE_SECONDS = 24 * 3600

export interface WalkOptions {
  /** Only records after this id. */
  readonly after?: string | undefined
  /** Absent: a record that does not open ends the walk with its error. */
  readonly onUnreadable?: OnUnreadable | undefined
}

const encoder = new TextEncoder()

/** What the ledger stands on. */
export interface LedgerOptions {
  readonly store: Store
  readonly sealer: Sealer
  readonly hash: KeyedHash
  readonly clock: Clock
  /** Whether the proof that a run was asked with was revoked since (I11). */
  readonly isRevoked: (record: RunRecord) => Promise<boolean>
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
  readonly #indexes: RunIndexes
  readonly hash: KeyedHash
  readonly isRevoked: LedgerOptions['isRevoked']
  /** What is kept beside the runs. */
  readonly values: KeptValues
  readonly pointers: Pointers

  constructor({ store, sealer, hash, clock, isRevoked, onState = () => {} }: LedgerOptions) {
    this.values = new KeptValues(store, sealer)
    this.pointers = new Pointers(store, sealer, (record) => this.#endOf(record) + NAMED_LONG_AGO_SECONDS)
    this.#store = store
    this.#sealer = sealer
    this.#clock = clock
    this.#onState = onState
    this.hash = hash
    this.isRevoked = isRevoked
    this.#indexes = new RunIndexes(hash)
  }

  /** Epoch seconds. */
  now(): number {
    return this.#clock.now() / 1000
  }

  async read(id: string): Promise<Entry | undefined> {
    const found = await this.#store.get(`run:${id}`)
    return found && this.#opened(found)
  }

  /** @returns `undefined` when the record exists already, or may exist: look. */
  async create(record: RunRecord): Promise<Entry | undefined> {
    const version = await this.#write(record, null)
    return version === 'conflict' ? undefined : { record, version }
  }

  /**
   * Changes a record as long as `change` wants to: it gets the newest state each time another writer
   * was faster, and returns `undefined` to leave it.
   *
   * A write whose answer got lost is looked up: `change` sees what became of it.
   */
  async update(entry: Entry, change: (record: RunRecord) => RunRecord | undefined): Promise<Entry> {
    let current = entry
    let unsure: RunRecord['state'] | undefined
    let lost = 0
    for (let attempt = 0; attempt < MAX_CONFLICTS; attempt++) {
      const wanted = change(current.record)
      if (wanted === undefined) {
        if (unsure === current.record.state) this.#onState(current.record)
        return current
      }
      if (!mayBecome(current.record.state, wanted.state)) {
        throw new StoreError('corrupt', `a run cannot go from ${current.record.state} to ${wanted.state}`)
      }
      const isNews = wanted.state !== current.record.state
      const version = await this.#swap(current, wanted).catch((error: unknown) => {
        if (!isOutage(error) || ++lost > MAX_LOST_ANSWERS) throw error
        if (isNews) unsure = wanted.state
        return 'conflict' as const
      })
      if (version !== 'conflict') {
        if (isNews) this.#onState(wanted)
        return { record: wanted, version }
      }
      const newest = await this.read(current.record.id)
      if (newest === undefined) throw new StoreError('unavailable', 'a run disappeared while it was changed')
      current = newest
    }
    throw new StoreError('unavailable', 'a run is being changed by too many writers at once')
  }

  /** Runs of an equal call whose body started and has not returned: running or in doubt. */
  async startedOf(binding: string): Promise<readonly Entry[]> {
    return this.#all(this.#indexes.started(binding))
  }

  /** Runs of an equal call whose question is open. */
  async openOf(binding: string): Promise<readonly Entry[]> {
    return this.#all(this.#indexes.asked(binding))
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

  /** Records that ask this person. */
  async *askedOf(approver: Approver, options?: WalkOptions): AsyncGenerator<Entry, void> {
    yield* this.#walk(await this.#indexes.approver(approver), options)
  }

  /** Records of this owner that are not settled. */
  async *ownedBy(owner: Owner, options?: WalkOptions): AsyncGenerator<Entry, void> {
    yield* this.#walk(await this.#indexes.owner(owner), options)
  }

  /** Records that an approver refused, of one tool of one owner, from about this time on. Epoch seconds. */
  async refusedSince(refused: Refused, since: number): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    // The clock of whoever wrote it may run ahead.
    const last = bucketOf(this.now() + NOES_WINDOW_SECONDS)
    for (let bucket = bucketOf(since); bucket <= last; bucket++) {
      entries.push(...(await this.#all(await this.#indexes.refused(refused, bucket))))
    }
    return entries
  }

  /** Records that were begun in this session of an issuer's and are not settled. */
  async *ofSession(issuer: string, session: string, options?: WalkOptions): AsyncGenerator<Entry, void> {
    yield* this.#walk(await this.#indexes.session(issuer, session), options)
  }

  /**
   * Takes the right to do something alone (ask, look, run), for a bounded time by the store's clock, across processes.
   *
   * @returns the lease, or `undefined` when somebody has it.
   */
  async lease(key: string, seconds: number): Promise<Lease | undefined> {
    return Lease.take(this.#store, key, seconds)
  }

  async isLeased(key: string): Promise<boolean> {
    return (await this.#store.get(key)) !== undefined
  }

  async count(key: string, windowSeconds: number): Promise<number> {
    return this.#store.increment(key, { windowSeconds })
  }

  #endOf(record: RunRecord): number {
    return Math.max(this.now(), record.question?.expiresAt ?? 0) + RETENTION_SECONDS
  }

  #walk(index: string, { after, onUnreadable }: WalkOptions = {}): AsyncGenerator<Entry, void> {
    return walkIndex(this.#store, index, {
      prefix: 'run:',
      after: after === undefined ? undefined : `run:${after}`,
      open: (found) => this.#opened(found),
      indexesOf: ({ record }) => this.#indexes.of(record),
      onUnreadable,
    })
  }

  async #all(index: string): Promise<readonly Entry[]> {
    const entries: Entry[] = []
    for await (const entry of this.#walk(index)) entries.push(entry)
    return entries
  }

  async #opened({ key, value, version }: Versioned): Promise<Entry> {
    return { record: parseRecord(parseJson(await this.#sealer.open(key, value))), version }
  }

  async #swap({ record, version }: Entry, wanted: RunRecord): Promise<string | 'conflict'> {
    // First: a run that lives on must not outlive its names, or its slots would run it twice.
    if (wanted.state !== record.state) await this.pointers.keep(wanted, this.now())
    return this.#write(wanted, version)
  }

  async #write(record: RunRecord, ifVersion: string | null): Promise<string | 'conflict'> {
    // What cannot be read again is not written: a channel or a policy may have given what no record may hold.
    const text = JSON.stringify(record)
    parseRecord(JSON.parse(text))
    const key = `run:${record.id}`
    const value = await this.#sealer.seal(key, encoder.encode(text))
    const at = dueOf(record, this.now())
    return this.#store.put(key, value, {
      ifVersion,
      expiresAt: this.#endOf(record) + NAMED_LONG_AGO_SECONDS + POINTERS_END_BEFORE_SECONDS,
      index: await this.#indexes.of(record),
      ...(at !== undefined && { due: { queue: LOOKS, at } }),
    })
  }
}
