import { ConfigurationError, StoreError } from '../base/errors/index.ts'
import { type Clock, type PutOptions, type Store, systemClock, type Versioned } from '../base/ports.ts'
import { aClock, checkOptions, kinds } from '../base/values/index.ts'

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** @default the system's clock */
  readonly clock?: Clock
  /**
   * Maximum number of live keys. Beyond it, `put` of a new key rejects as `unavailable`. So does a new key of an owner
   * who has as many keys as are free: one owner can fill half of the store, and a second one half of the rest. All keys
   * without an owner count as those of one. No live key is ever dropped.
   * @default 100_000
   */
  readonly maxEntries?: number
}

interface Entry {
  readonly value: Uint8Array
  readonly version: string
  readonly expiresAt: number
  readonly queue: string | undefined
  readonly dueAt: number
  readonly index: readonly string[]
  readonly owner: string
}

/** Number of writes after which all expired entries are removed. An expired entry that is read is removed at once. */
const SWEEP_EVERY = 1_000

/**
 * Makes a store for a single process. It has a size limit, and its records end with the process. Use it for tests, and
 * for agents that may forget their open approvals on restart.
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  checkOptions('memoryStore', options, { clock: aClock, maxEntries: kinds.positiveInteger })
  const { clock = systemClock, maxEntries = 100_000 } = options
  return new MemoryStore(clock, maxEntries)
}

class MemoryStore implements Store {
  readonly specificationVersion = 2
  readonly durable = false
  readonly #clock: Clock
  readonly #maxEntries: number
  readonly #entries = new Map<string, Entry>()
  readonly #indexes = new Map<string, Set<string>>()
  readonly #queues = new Map<string, Set<string>>()
  readonly #owned = new Map<string, Set<string>>()
  readonly #counters = new Map<string, { total: number; readonly endsAt: number }>()
  #version = 0
  #writes = 0

  constructor(clock: Clock, maxEntries: number) {
    this.#clock = clock
    this.#maxEntries = maxEntries
  }

  async now(): Promise<number> {
    return this.#now()
  }

  async get(key: string): Promise<Versioned | undefined> {
    const entry = this.#live(key)
    return entry && versioned(key, entry)
  }

  async put(key: string, value: Uint8Array, options: PutOptions): Promise<string | 'conflict'> {
    check(options, [key, options.due?.queue, ...(options.index ?? [])])
    const present = this.#live(key)
    if ((present?.version ?? null) !== options.ifVersion) return 'conflict'
    if (++this.#writes % SWEEP_EVERY === 0) this.#sweep()
    if (present === undefined) this.#makeRoom(options)
    this.#remove(key)
    const entry: Entry = {
      value: value.slice(),
      version: String(++this.#version),
      expiresAt: this.#expiry(options),
      queue: options.due?.queue,
      dueAt: this.#now() + (options.due?.inSeconds ?? Number.POSITIVE_INFINITY),
      index: [...(options.index ?? [])],
      // A later write, such as a re-seal, need not name it.
      owner: present?.owner ?? options.owner ?? '',
    }
    this.#insert(key, entry)
    return entry.version
  }

  async delete(key: string, options?: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'> {
    if (options !== undefined && this.#live(key)?.version !== options.ifVersion) return 'conflict'
    this.#remove(key)
    return 'deleted'
  }

  async claimDue(
    queue: string,
    options: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly Versioned[]> {
    checkPositive('claimDue.limit', options.limit)
    checkPositive('claimDue.leaseSeconds', options.leaseSeconds)
    const now = this.#now()
    const due: [string, Entry][] = []
    for (const key of this.#queues.get(queue) ?? []) {
      const entry = this.#live(key)
      if (entry !== undefined && entry.dueAt <= now) due.push([key, entry])
    }
    due.sort(([, left], [, right]) => left.dueAt - right.dueAt)
    return due.slice(0, options.limit).map(([key, entry]) => {
      const claimed = { ...entry, version: String(++this.#version), dueAt: now + options.leaseSeconds }
      this.#entries.set(key, claimed)
      return versioned(key, claimed)
    })
  }

  async list(
    index: string,
    options: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Versioned[]> {
    const { after, limit } = options
    checkPositive('list.limit', limit)
    const keys = [...(this.#indexes.get(index) ?? [])]
      .filter((key) => after === undefined || byCodePoint(key, after) > 0)
      .sort(byCodePoint)
    const found: Versioned[] = []
    for (const key of keys) {
      if (found.length === limit) break
      const entry = this.#live(key)
      if (entry !== undefined) found.push(versioned(key, entry))
    }
    return found
  }

  async increment(key: string, options: { readonly windowSeconds: number }): Promise<number> {
    checkPositive('increment.windowSeconds', options.windowSeconds)
    const now = this.#now()
    const counter = this.#counters.get(key)
    if (counter !== undefined && counter.endsAt > now) return ++counter.total
    if (counter === undefined && this.#counters.size >= this.#maxEntries) this.#sweep()
    if (counter === undefined && this.#counters.size >= this.#maxEntries) throw full(this.#maxEntries)
    this.#counters.set(key, { total: 1, endsAt: now + options.windowSeconds })
    return 1
  }

  #expiry({ expiresAt, expiresInSeconds }: PutOptions): number {
    if (expiresInSeconds !== undefined) return this.#now() + expiresInSeconds
    return expiresAt ?? Number.POSITIVE_INFINITY
  }

  #now(): number {
    return this.#clock.now() / 1000
  }

  #live(key: string): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || entry.expiresAt > this.#now()) return entry
    this.#remove(key)
    return undefined
  }

  #insert(key: string, entry: Entry): void {
    this.#entries.set(key, entry)
    for (const [sets, name] of this.#namesOf(entry)) sets.set(name, (sets.get(name) ?? new Set()).add(key))
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    for (const [sets, name] of this.#namesOf(entry)) {
      const keys = sets.get(name)
      keys?.delete(key)
      if (keys?.size === 0) sets.delete(name)
    }
  }

  /** Returns the sets that have the key of an entry, and their names. */
  #namesOf({ index, queue, owner }: Entry): (readonly [Map<string, Set<string>>, string])[] {
    return [
      ...index.map((name) => [this.#indexes, name] as const),
      ...(queue === undefined ? [] : [[this.#queues, queue] as const]),
      [this.#owned, owner],
    ]
  }

  #makeRoom({ owner = '' }: PutOptions): void {
    const isFull = () => this.#maxEntries - this.#entries.size <= (this.#owned.get(owner)?.size ?? 0)
    if (!isFull()) return
    this.#sweep()
    if (isFull()) throw full(this.#maxEntries)
  }

  #sweep(): void {
    const now = this.#now()
    for (const [key, entry] of this.#entries) if (entry.expiresAt <= now) this.#remove(key)
    for (const [key, counter] of this.#counters) if (counter.endsAt <= now) this.#counters.delete(key)
  }
}

/** Returns a copy, so that a reader cannot change the stored value. */
const versioned = (key: string, { value, version }: Entry): Versioned => ({ key, value: value.slice(), version })

const full = (maxEntries: number): StoreError =>
  new StoreError(
    'unavailable',
    `the memory store has no room (at most ${maxEntries} live keys, and for one owner as many as are free): raise maxEntries, or use a durable store`,
  )

/**
 * Refuses `NaN`, which would mean "at once" here and "never" elsewhere, and a lone surrogate, which has no bytes in
 * other stores.
 */
function check({ expiresAt, expiresInSeconds, due }: PutOptions, names: readonly (string | undefined)[]): void {
  for (const [option, time] of Object.entries({ expiresAt, expiresInSeconds, 'due.inSeconds': due?.inSeconds })) {
    if (time !== undefined && !Number.isFinite(time)) throw new ConfigurationError(`put.${option}`, 'give a time')
  }
  if (expiresAt !== undefined && expiresInSeconds !== undefined) {
    throw new ConfigurationError('put.expiresInSeconds', 'give expiresInSeconds or expiresAt, not both')
  }
  if (names.some((name) => name?.isWellFormed() === false)) {
    throw new ConfigurationError('put', 'key, queue and index must be well-formed Unicode')
  }
}

function checkPositive(option: string, value: number): void {
  if (!(Number.isFinite(value) && value > 0)) throw new ConfigurationError(option, 'give a positive number')
}

/**
 * Compares by UTF-8 order. JavaScript's own order puts surrogates, and so all characters above U+FFFF, before U+E000.
 */
function byCodePoint(left: string, right: string): number {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at++) {
    const [one, other] = [left.charCodeAt(at), right.charCodeAt(at)]
    if (one !== other) return rank(one) - rank(other)
  }
  return left.length - right.length
}

const rank = (unit: number): number => (unit >= 0xe000 ? unit - 0x800 : unit >= 0xd800 ? unit + 0x2000 : unit)
