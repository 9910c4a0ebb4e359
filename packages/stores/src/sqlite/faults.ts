import { BehalfError } from '@behalf/core'
import { StoreError } from '@behalf/core/spi'
import { field } from './database.ts'

// Result codes: https://www.sqlite.org/rescode.html
const ERROR = 1
const BUSY = 5
const LOCKED = 6
const CORRUPT = 11
const NOT_A_DATABASE = 26

const byName: Readonly<Record<string, number>> = {
  SQLITE_ERROR: ERROR,
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: LOCKED,
  SQLITE_CORRUPT: CORRUPT,
  SQLITE_NOTADB: NOT_A_DATABASE,
}

/**
 * Returns the primary result code: a number in `node:sqlite`, a name such as `SQLITE_BUSY_SNAPSHOT` in
 * `better-sqlite3`.
 */
function primaryCode(error: unknown): number | undefined {
  const number = field(error, 'errcode')
  if (typeof number === 'number') return number & 0xff
  const name = field(error, 'code')
  if (typeof name !== 'string') return undefined
  return byName[name.split('_').slice(0, 2).join('_')]
}

/** Returns whether another connection holds the lock. A later attempt can succeed. */
export function isBusy(error: unknown): boolean {
  const code = primaryCode(error)
  return code === BUSY || code === LOCKED
}

/** Converts a driver's error to a `BehalfError`. */
export function storeError(error: unknown): BehalfError {
  if (BehalfError.isInstance(error)) return error
  const code = primaryCode(error)
  const message = String(field(error, 'message'))
  if (code === CORRUPT || code === NOT_A_DATABASE) {
    return new StoreError('corrupt', 'the database file is damaged: restore it from a backup', { cause: error })
  }
  if (code === ERROR && message.includes('within a transaction')) {
    const fix = 'the connection is inside a transaction of the app: give the store its own'
    return new StoreError('unavailable', fix, { cause: error })
  }
  // The tables existed when the file was opened. They are missing now, or have other columns.
  if (code === ERROR && /no such (table|column)/.test(message)) {
    return new StoreError('corrupt', 'the tables of the store were changed by something else', { cause: error })
  }
  return new StoreError('unavailable', 'the database cannot be read or written now', { cause: error })
}
