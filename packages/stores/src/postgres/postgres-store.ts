import { Buffer } from 'node:buffer'
import { ConfigurationError, type Store } from '@behalf/core'
import { type PutOptions, StoreError, type Versioned } from '@behalf/core/spi'
import {
  checkLimit,
  checkPut,
  checkSeconds,
  nameBytes,
  nameFrom,
  refuseUnknownKeys,
  requireTimeout,
} from '../lib/index.ts'
import { type Column, type PostgresClient, unknownForm } from './client.ts'
import { Database } from './database.ts'
import { statements } from './statements.ts'

/** Options of {@link postgresStore}. */
export interface PostgresStoreOptions {
  /**
   * A `Pool` of `pg`, what `postgres()` returns, or a `PGlite`. The app closes it. A `Client` of `pg` must belong to
   * the store alone, and does not reconnect.
   */
  readonly client: PostgresClient
  /** Prefix of the keys, in braces. Each app of a database needs its own. @default 'behalf' */
  readonly prefix?: string
  /** Total time of a call, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
}

/**
 * A store in PostgreSQL (14 or newer) or PGlite, for processes on several machines. Its tables are made by `migrate()`.
 *
 * Each call is one statement: atomic, a transaction of its own under `READ COMMITTED` or a stricter isolation, and timed
 * by `clock_timestamp()` of the server. The server holds no key: core seals the values, and keys and index names are keyed
 * hashes. A key or a name has at most 1,000 bytes.
 *
 * A write whose answer is lost is `unavailable` and is not repeated. A standby or a read-only server is `unavailable`:
 * what it answers may be old. Writes wait for the disk, and for a synchronous standby, also where `synchronous_commit` is
 * `off` or `local`. A failover to an asynchronous standby may forget the newest writes.
 *
 * @throws `ConfigurationError` An option is missing, wrong or unknown, or the client is a transaction.
 */
export function postgresStore(options: PostgresStoreOptions): Store {
  refuseUnknownKeys('postgresStore', options, ['client', 'prefix', 'timeoutMs'])
  const { client, prefix = 'behalf', timeoutMs = 5_000 } = options
  requireTimeout('postgresStore.timeoutMs', timeoutMs)
  if (typeof prefix !== 'string' || !/^[\x21-\x7e]{1,100}$/.test(prefix) || /[{}]/.test(prefix)) {
    throw new ConfigurationError('postgresStore.prefix', 'give 1 to 100 visible ASCII characters without braces')
  }
  return new PostgresStore(new Database(client, timeoutMs), Buffer.from(`{${prefix}}`))
}

/** Maximum size of a name: two names and prefixes must fit into an index row of 2,704 bytes. */
const MAX_NAME_BYTES = 1_000

/** Form of a UUID, as `crypto.randomUUID` and PostgreSQL make it. */
const VERSION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

class PostgresStore implements Store {
  readonly specificationVersion = 2
  readonly durable = true
  readonly #database: Database
  readonly #root: Buffer

  constructor(database: Database, root: Buffer) {
    this.#database = database
    this.#root = root
  }

  async now(): Promise<number> {
    const [row] = await this.#database.read(statements.state, [null])
    return Number(row?.[0])
  }

  async get(key: string): Promise<Versioned | undefined> {
    const [row] = await this.#database.read(statements.get, [this.#name('get.key', key)])
    return row === undefined ? undefined : this.#record(row)
  }

  async put(key: string, value: Uint8Array, options: PutOptions): Promise<string | 'conflict'> {
    checkPut(value, options)
    const { ifVersion, expiresAt, expiresInSeconds, due, index = [] } = options
    const version = crypto.randomUUID()
    const parameters = [
      this.#name('put.key', key),
      Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
      version,
      decimal(expiresAt),
      decimal(expiresInSeconds),
      due === undefined ? null : this.#name('put.due.queue', due.queue),
      decimal(due?.inSeconds),
      [...new Set(index.map((name) => this.#name('put.index', name)))].join(),
    ]
    if (ifVersion !== null && !VERSION.test(ifVersion)) return 'conflict'
    const { hadEffect } =
      ifVersion === null
        ? await this.#database.write(statements.create, parameters)
        : await this.#database.write(statements.replace, [...parameters, ifVersion])
    return hadEffect ? version : 'conflict'
  }

  async delete(key: string, options?: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'> {
    const name = this.#name('delete.key', key)
    if (options === undefined) {
      await this.#database.write(statements.remove, [name])
      return 'deleted'
    }
    const { ifVersion } = options
    if (!VERSION.test(ifVersion)) return 'conflict'
    const { hadEffect } = await this.#database.write(statements.removeVersion, [name, ifVersion])
    return hadEffect ? 'deleted' : 'conflict'
  }

  async claimDue(
    queue: string,
    { limit, leaseSeconds }: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly Versioned[]> {
    checkLimit('claimDue.limit', limit)
    checkSeconds('claimDue.leaseSeconds', leaseSeconds)
    const parameters = [this.#name('claimDue.queue', queue), String(limit), String(leaseSeconds)]
    // A due record that is locked may be written or claimed now. It is asked for again, and never skipped.
    const { rows } = await this.#database.write(statements.claim, parameters, ([row]) => row?.[0] === 'true')
    const claimed: Versioned[] = []
    let damage: StoreError | undefined
    for (const row of rows) {
      try {
        const record = this.#record(row.slice(1))
        if (record !== undefined) claimed.push(record)
      } catch (error) {
        if (!(error instanceof StoreError)) throw error
        damage ??= error
      }
    }
    // The damaged record was postponed like the others, so that it does not block the queue. It is reported once
    // nothing else is due.
    if (damage !== undefined && claimed.length === 0) throw damage
    return claimed
  }

  async list(
    index: string,
    { after, limit }: { readonly after?: string; readonly limit: number },
  ): Promise<readonly Versioned[]> {
    checkLimit('list.limit', limit)
    const from = after === undefined ? '' : this.#name('list.after', after)
    const rows = await this.#database.read(statements.list, [this.#name('list.index', index), from, String(limit)])
    return rows.flatMap((row) => this.#record(row) ?? [])
  }

  async increment(key: string, { windowSeconds }: { readonly windowSeconds: number }): Promise<number> {
    checkSeconds('increment.windowSeconds', windowSeconds)
    const parameters = [this.#name('increment.key', key), String(windowSeconds)]
    const { rows } = await this.#database.write(statements.increment, parameters)
    return Number(rows[0]?.[0])
  }

  #name(what: string, name: string): string {
    const bytes = nameBytes(what, name)
    if (bytes.length > MAX_NAME_BYTES) {
      throw new ConfigurationError(
        what,
        `has ${bytes.length} bytes, and may have ${MAX_NAME_BYTES} in PostgreSQL: shorten it`,
      )
    }
    return Buffer.concat([this.#root, bytes]).toString('base64')
  }

  /** Builds a record from key, value and version. `undefined` if the statement found no record. */
  #record([key, value, version]: readonly Column[]): Versioned | undefined {
    if (key === null) return undefined
    if (typeof key !== 'string' || typeof value !== 'string' || typeof version !== 'string') throw unknownForm()
    const name = nameFrom(Buffer.from(key, 'base64').subarray(this.#root.length))
    return { key: name, value: new Uint8Array(Buffer.from(value, 'base64')), version }
  }
}

/** Formats a number. `undefined` becomes `NULL`. */
const decimal = (seconds: number | undefined): string | null => (seconds === undefined ? null : String(seconds))
