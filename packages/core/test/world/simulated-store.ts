import type { PutOptions, Versioned } from '../../src/entrypoints/spi.ts'
import type { Store } from '../../src/index.ts'
import type { SimulatedProcess } from './simulated-process.ts'

interface Row {
  readonly value: Uint8Array
  readonly version: string
  readonly expiresAt: number
  readonly index: readonly string[]
  readonly queue: string | undefined
  readonly dueAt: number
}

interface Counter {
  total: number
  readonly endsAt: number
}

/** The database that all processes share. Its clock is the true time. */
export class SimulatedDatabase {
  readonly #now: () => number
  readonly #rows = new Map<string, Row>()
  readonly #counters = new Map<string, Counter>()
  #version = 0

  /** @param now - Epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = () => now() / 1000
  }

  /** The database, as one process reaches it. */
  storeOf(process: SimulatedProcess): Store {
    const through = <T>(what: string, work: () => T): Promise<T> =>
      process.operation('store', what, work, () => new process.sdk.StoreError('unavailable', 'the database is away'))
    return {
      specificationVersion: 2,
      durable: true,
      now: () => through('now', () => this.#now()),
      get: (key) => through(`get ${key}`, () => this.#get(key)),
      put: (key, value, options) => through(`put ${key}`, () => this.#put(key, value, options)),
      delete: (key, options) => through(`delete ${key}`, () => this.#delete(key, options?.ifVersion)),
      claimDue: (queue, options) => through(`claimDue ${queue}`, () => this.#claimDue(queue, options)),
      list: (index, options) => through(`list ${index}`, () => this.#list(index, options)),
      increment: (key, options) => through(`increment ${key}`, () => this.#increment(key, options.windowSeconds)),
    }
  }

  #get(key: string): Versioned | undefined {
    const row = this.#live(key)
    return row && versioned(key, row)
  }

  #put(key: string, value: Uint8Array, options: PutOptions): string | 'conflict' {
    if ((this.#live(key)?.version ?? null) !== options.ifVersion) return 'conflict'
    const { expiresInSeconds, expiresAt, due, index = [] } = options
    const version = String(++this.#version)
    this.#rows.set(key, {
      value: value.slice(),
      version,
      expiresAt: (expiresInSeconds === undefined ? expiresAt : this.#now() + expiresInSeconds) ?? Infinity,
      index,
      queue: due?.queue,
      dueAt: due === undefined ? Infinity : this.#now() + due.inSeconds,
    })
    return version
  }

  #delete(key: string, ifVersion: string | undefined): 'deleted' | 'conflict' {
    if (ifVersion !== undefined && this.#live(key)?.version !== ifVersion) return 'conflict'
    this.#rows.delete(key)
    return 'deleted'
  }

  #claimDue(
    queue: string,
    { limit, leaseSeconds }: { readonly limit: number; readonly leaseSeconds: number },
  ): readonly Versioned[] {
    const now = this.#now()
    const due = [...this.#rows.keys()].flatMap((key) => {
      const row = this.#live(key)
      return row?.queue === queue && row.dueAt <= now ? [[key, row] as const] : []
    })
    due.sort(([, a], [, b]) => a.dueAt - b.dueAt)
    return due.slice(0, limit).map(([key, row]) => {
      const claimed = { ...row, version: String(++this.#version), dueAt: now + leaseSeconds }
      this.#rows.set(key, claimed)
      return versioned(key, claimed)
    })
  }

  #list(index: string, { after, limit }: { readonly after?: string; readonly limit: number }): readonly Versioned[] {
    const keys = [...this.#rows.keys()].filter((key) => this.#live(key)?.index.includes(index)).sort()
    const found = keys.filter((key) => after === undefined || key > after).slice(0, limit)
    return found.map((key) => versioned(key, this.#rows.get(key) as Row))
  }

  #increment(key: string, windowSeconds: number): number {
    const now = this.#now()
    const counter = this.#counters.get(key)
    if (counter !== undefined && counter.endsAt > now) return ++counter.total
    this.#counters.set(key, { total: 1, endsAt: now + windowSeconds })
    return 1
  }

  #live(key: string): Row | undefined {
    const row = this.#rows.get(key)
    if (row === undefined || row.expiresAt > this.#now()) return row
    this.#rows.delete(key)
    return undefined
  }
}

const versioned = (key: string, { value, version }: Row): Versioned => ({ key, value: value.slice(), version })
