import { chmodSync, closeSync, openSync, statSync } from 'node:fs'
import process from 'node:process'
import { ConfigurationError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'

/** A prepared statement, as `node:sqlite` and `better-sqlite3` have it. */
export interface SqliteStatement {
  /** Runs the statement and returns its first row, as an object by column name. `undefined` without a row. */
  get(...parameters: unknown[]): unknown
  /** Runs the statement and returns all of its rows, as objects by column name. */
  all(...parameters: unknown[]): unknown[]
  /** Runs the statement for its effect. What it returns is not used. */
  run(...parameters: unknown[]): unknown
}

/**
 * An open database: `DatabaseSync` of `node:sqlite`, `Database` of `better-sqlite3`, or another of that shape.
 *
 * SQLite 3.42 or newer.
 */
export interface SqliteDatabase {
  /** Runs one or more statements without parameters. What it returns is not used. */
  exec(sql: string): unknown
  /** Compiles one statement, which the store keeps until it is closed. */
  prepare(sql: string): SqliteStatement
  /** Closes the database. The store calls it only on a database that it opened from a `file`. */
  close(): unknown
}

/** How long SQLite itself waits for a lock. It blocks the process, so the rest of the time is waited out above it. */
const BUSY_MS = 25

/** Opens a file for its owner only. @throws StoreError `unavailable`; ConfigurationError It is another user's. */
export function openFile(file: string): SqliteDatabase {
  // Not an import: who gives a database of another driver may run where this module does not exist.
  const sqlite = process.getBuiltinModule('node:sqlite')
  if (sqlite === undefined) {
    throw new ConfigurationError('sqliteStore.file', 'needs node:sqlite (Node 22.13 or newer); or give `database`')
  }
  try {
    // SQLite would create it readable by all; its companions (-wal, -shm) take the mode of the file.
    closeToOthers(file)
    return new sqlite.DatabaseSync(file)
  } catch (cause) {
    if (cause instanceof ConfigurationError) throw cause
    throw new StoreError('unavailable', `the database file ${JSON.stringify(file)} cannot be opened`, { cause })
  }
}

/**
 * Makes the file where it is missing, and closes it and its journal to other users: copies, restored backups and volumes
 * come with other modes.
 */
function closeToOthers(file: string): void {
  closeSync(openSync(file, 'a', 0o600))
  // On Windows a mode says nothing about others.
  if (process.platform === 'win32') return
  for (const name of [file, `${file}-wal`, `${file}-shm`]) {
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

/** What tells a file from another one of the same name. `undefined`: there is no file. */
export function fileIdentity(file: string): string | undefined {
  const state = statSync(file, { bigint: true, throwIfNoEntry: false })
  return state && `${state.dev}:${state.ino}`
}

/**
 * WAL, so that readers and the writer of several processes do not wait for each other; FULL, so that a
 * claim that was told is not forgotten when the power fails.
 */
export function configure(database: SqliteDatabase): void {
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

/** A column of a row. */
export function field(row: unknown, column: string): unknown {
  return typeof row === 'object' && row !== null ? (row as Record<string, unknown>)[column] : undefined
}
