import { Buffer } from 'node:buffer'
import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { ConfigurationError, type Store } from '@behalf/core'
import { type PutOptions, StoreError, type Versioned } from '@behalf/core/spi'
import {
  checkLimit,
  checkPut,
  checkSeconds,
  nameBytes,
  nameFrom,
  plainBytes,
  refuseUnknownKeys,
  requireTimeout,
} from '../lib/index.ts'
import { Connection } from './connection.ts'
import { field, type SqliteDatabase } from './database.ts'
import { checkSchema } from './schema.ts'

/** Options of both forms of {@link SqliteStoreOptions}. */
export interface SqliteTimeout {
  /** Maximum time that a call waits for writes of other processes, in milliseconds. @default 5_000 */
  readonly timeoutMs?: number
}

/** Options of {@link sqliteStore}: a file, opened with `node:sqlite`, or a database that the app opened. */
export type SqliteStoreOptions =
  | (SqliteTimeout & { readonly file: string; readonly database?: never })
  | (SqliteTimeout & { readonly database: SqliteDatabase; readonly file?: never })

/** A {@link Store} in an SQLite file. */
export interface SqliteStore extends Store {
  /** Closes the file that the store opened; a `database` of the app stays open. Later calls reject. */
  close(): void
}

/**
 * A store in one SQLite file, for one machine. Several processes may use the file at once.
 *
 * The folder of the file must exist. Nothing is opened before the first call. Times are the machine's, read by SQLite. The file holds no key:
 * core seals the values, and keys and index names are keyed hashes.
 *
 * A `database` should be a connection of its own: the store sets WAL, `synchronous = FULL` and a short busy
 * timeout on it, and refuses to work while the app has a transaction open there.
 *
 * @throws `ConfigurationError` An option is missing, wrong or unknown.
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  refuseUnknownKeys('sqliteStore', options, ['file', 'database', 'timeoutMs'])
  const { file, database, timeoutMs = 5_000 } = options
  requireTimeout('sqliteStore.timeoutMs', timeoutMs)
  if ((file === undefined) === (database === undefined)) {
    throw new ConfigurationError('sqliteStore', 'give either `file` or `database`')
  }
  if (database !== undefined) return new SqliteFileStore(new Connection({ database: checked(database) }, timeoutMs))
  // An empty name and `:memory:` name databases that end with their connection. This store states that it is durable.
  if (typeof file !== 'string' || file === '' || file.startsWith(':memory:')) {
    throw new ConfigurationError('sqliteStore.file', 'give the path of a file; for tests there is memoryStore()')
  }
  // SQLite reads such a name as a URI, which names another file.
  if (/^file:/i.test(file)) {
    throw new ConfigurationError('sqliteStore.file', 'give the path of a file, not a URI; or give `database`')
  }
  // The process may change its folder before the first call.
  const path = resolve(file)
  const folder = dirname(path)
  if (!existsSync(folder)) {
    throw new ConfigurationError(
      'sqliteStore.file',
      `the folder ${JSON.stringify(folder)} does not exist: create it first`,
    )
  }
  return new SqliteFileStore(new Connection({ file: path }, timeoutMs))
}

class SqliteFileStore implements SqliteStore {
  readonly specificationVersion = 2
  readonly durable = true
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  async now(): Promise<number> {
    return this.#connection.read(({ state }) => {
      const row = state.get()
      checkSchema(row)
      return Number(field(row, 'now'))
    })
  }

  async get(key: string): Promise<Versioned | undefined> {
    const name = nameBytes('get.key', key)
    return this.#connection.read(({ get }) => {
      const row = get.get(name)
      checkSchema(row)
      return field(row, 'key') === null ? undefined : versioned(row)
    })
  }

  async put(key: string, value: Uint8Array, options: PutOptions): Promise<string | 'conflict'> {
    checkPut(value, options)
    const name = nameBytes('put.key', key)
    // Copied: a write waits for locks, and a caller may reuse the same objects.
    const { ifVersion, expiresInSeconds, expiresAt } = options
    const due = options.due && {
      queue: nameBytes('put.due.queue', options.due.queue),
      inSeconds: options.due.inSeconds,
    }
    const index = (options.index ?? []).map((one) => nameBytes('put.index', one))
    const bytes = Buffer.from(value)
    return this.#connection.write(({ statements, now }) => {
      const present = statements.version.get(name)
      if ((present === undefined ? null : field(present, 'version')) !== ifVersion) return 'conflict'
      statements.sweepRecords.run(now)
      const version = crypto.randomUUID()
      const fromNow = expiresInSeconds === undefined ? null : now + expiresInSeconds
      statements.put.run(
        name,
        bytes,
        version,
        expiresAt ?? fromNow,
        due?.queue ?? null,
        due === undefined ? null : now + due.inSeconds,
      )
      statements.unindex.run(name)
      for (const one of index) statements.index.run(one, name)
      return version
    })
  }

  async delete(key: string, options?: { readonly ifVersion: string }): Promise<'deleted' | 'conflict'> {
    const name = nameBytes('delete.key', key)
    const only = options && { ...options }
    return this.#connection.write(({ statements }) => {
      if (only !== undefined && field(statements.version.get(name), 'version') !== only.ifVersion) return 'conflict'
      statements.delete.run(name)
      return 'deleted'
    })
  }

  async claimDue(
    queue: string,
    { limit, leaseSeconds }: { readonly limit: number; readonly leaseSeconds: number },
  ): Promise<readonly Versioned[]> {
    checkLimit('claimDue.limit', limit)
    checkSeconds('claimDue.leaseSeconds', leaseSeconds)
    const name = nameBytes('claimDue.queue', queue)
    // Most polls find nothing due. They take no lock and write nothing.
    const isDue = await this.#connection.read((statements) => {
      const row = statements.isDue.get(name)
      checkSchema(row)
      return Number(field(row, 'due')) === 1
    })
    if (!isDue) return []
    const { claimed, damage } = await this.#connection.write(({ statements, now }) => {
      statements.sweepRecords.run(now)
      const claimed: Versioned[] = []
      let damage: StoreError | undefined
      for (const row of statements.due.all(name, limit)) {
        const version = crypto.randomUUID()
        statements.lease.run(version, now + leaseSeconds, field(row, 'key'))
        const record = readable(row)
        if (record instanceof StoreError) damage ??= record
        else claimed.push({ ...record, version })
      }
      return { claimed, damage }
    })
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
    const name = nameBytes('list.index', index)
    const from = after === undefined ? undefined : nameBytes('list.after', after)
    return this.#connection.read((statements) => {
      checkSchema(statements.state.get())
      const rows = from === undefined ? statements.list.all(name, limit) : statements.listAfter.all(name, from, limit)
      return rows.map(versioned)
    })
  }

  async increment(key: string, { windowSeconds }: { readonly windowSeconds: number }): Promise<number> {
    checkSeconds('increment.windowSeconds', windowSeconds)
    const name = nameBytes('increment.key', key)
    return this.#connection.write(({ statements, now }) => {
      statements.sweepCounters.run(now)
      return Number(field(statements.increment.get(name, now + windowSeconds), 'total'))
    })
  }

  close(): void {
    this.#connection.close()
  }
}

function checked(database: SqliteDatabase): SqliteDatabase {
  for (const method of ['exec', 'prepare', 'close'] as const) {
    if (typeof database?.[method] !== 'function') {
      throw new ConfigurationError('sqliteStore.database', 'give an open database of node:sqlite or better-sqlite3')
    }
  }
  return database
}

function readable(row: unknown): Versioned | StoreError {
  try {
    return versioned(row)
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
}

function versioned(row: unknown): Versioned {
  const value = field(row, 'value')
  const version = field(row, 'version')
  if (!(value instanceof Uint8Array) || typeof version !== 'string') {
    throw new StoreError('corrupt', 'a stored record has an unknown form')
  }
  return { key: nameFrom(field(row, 'key')), value: plainBytes(value), version }
}
