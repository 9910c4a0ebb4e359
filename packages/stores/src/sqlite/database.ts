import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import process from 'node:process'
import { ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'

/** A prepared statement, as `node:sqlite` and `better-sqlite3` have it. */
export interface SqliteStatement {
  /** Runs the statement and returns its first row, as an object by column name. `undefined` without a row. */
  get(...parameters: unknown[]): unknown
  /** Runs the statement and returns all of its rows, as objects by column name. */
  all(...parameters: unknown[]): unknown[]
  /** Runs the statement for its effect. The store ignores its result. */
  run(...parameters: unknown[]): unknown
}

/**
 * An open database: `DatabaseSync` of `node:sqlite`, `Database` of `better-sqlite3`, or another one with the same
 * methods.
 *
 * SQLite 3.42 or newer.
 */
export interface SqliteDatabase {
  /** Runs one or more statements without parameters. The store ignores the result. */
  exec(sql: string): unknown
  /** Compiles one statement, which the store keeps until it is closed. */
  prepare(sql: string): SqliteStatement
  /** Closes the database. The store calls it only on a database that it opened from a `file`. */
  close(): unknown
}

/** The store's clock: the machine's clock, read by SQLite. */
export const NOW = "unixepoch('subsec')"

/** Time for which SQLite itself waits for a lock. It blocks the process, so the code above it waits for the rest. */
const BUSY_MS = 25

/**
 * Opens a file that only its owner can read. @throws StoreError `unavailable`; ConfigurationError The file is another
 * user's.
 */
export function openFile(file: string): SqliteDatabase {
  // Not an import: an app with another driver may run where this module does not exist.
  const sqlite = process.getBuiltinModule('node:sqlite')
  if (sqlite === undefined) {
    throw new ConfigurationError('sqliteStore.file', 'needs node:sqlite (Node 22.13 or newer); or give `database`')
  }
  try {
    // SQLite would create a file that all users can read. The files beside it (-wal, -shm) get the same mode.
    closeToOthers(file)
    return new sqlite.DatabaseSync(file)
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    throw new StoreError('unavailable', `the database file ${JSON.stringify(file)} cannot be opened`, { cause })
  }
}

/** Names of SQLite's files: the database, its journal, and the locks of its readers and writers. */
const filesOf = (file: string): readonly string[] => [file, `${file}-wal`, `${file}-shm`]

/**
 * Creates a missing file, and denies other users access to it and its journal: copies, backups and volumes may have
 * other modes.
 *
 * Never opens an existing file: closing it would release all locks of this process on it (POSIX), also those of another
 * store. The next process that closes the file would then delete that store's journal.
 */
function closeToOthers(file: string): void {
  if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600))
  // On Windows, a mode does not restrict other users.
  if (process.platform === 'win32') return
  for (const name of filesOf(file)) {
    const state = statSync(name, { throwIfNoEntry: false })
    if (state === undefined || (state.mode & 0o077) === 0) continue
    if (state.uid !== process.getuid?.()) {
      throw new ConfigurationError(
        'sqliteStore.file',
        `${JSON.stringify(name)} belongs to another user and is open to others: give it to the user of this process, or give \`database\``,
      )
    }
    chmodSync(name, 0o600)
  }
}

/**
 * Returns an identity that distinguishes an open database from another file of the same name. Its journal stays the
 * same while it is open.
 */
export function fileIdentity(file: string): string {
  const states = filesOf(file).map((name) => statSync(name, { bigint: true, throwIfNoEntry: false }))
  return states.map((state) => state && `${state.dev}:${state.ino}`).join()
}

/**
 * Sets WAL, so that readers and the writer of several processes do not wait for each other. Sets FULL, so that a
 * reported claim survives a power failure.
 */
export function configure(database: SqliteDatabase): void {
  // An older SQLite has no fractions of seconds and returns NULL, for which each lease counts as expired.
  if (typeof field(database.prepare(`SELECT ${NOW} AS now`).get(), 'now') !== 'number') {
    throw new ConfigurationError('sqliteStore.database', 'needs SQLite 3.42 or newer: upgrade its driver')
  }
  database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`)
  const mode = field(database.prepare('PRAGMA journal_mode = WAL').get(), 'journal_mode')
  if (mode === 'memory') {
    throw new ConfigurationError('sqliteStore.database', 'give a database in a file, or use memoryStore()')
  }
  if (mode !== 'wal') {
    throw new ConfigurationError('sqliteStore', 'needs a file system that supports WAL, such as a local disk')
  }
  database.exec('PRAGMA synchronous = FULL')
}

/** Returns a column of a row. */
export function field(row: unknown, column: string): unknown {
  return typeof row === 'object' && row !== null ? (row as Record<string, unknown>)[column] : undefined
}
