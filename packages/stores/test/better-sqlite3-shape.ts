import { Buffer } from 'node:buffer'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { SqliteDatabase } from '@behalf/stores/sqlite'

const names: Readonly<Record<number, string>> = {
  1: 'SQLITE_ERROR',
  5: 'SQLITE_BUSY',
  11: 'SQLITE_CORRUPT',
  26: 'SQLITE_NOTADB',
}

/**
 * A database with the manners of better-sqlite3 where they differ from node:sqlite's: blobs come as Buffers, errors have
 * names for codes, and a statement that returns rows must not be `run`, nor any other be asked for rows.
 */
export class BetterShapedDatabase implements SqliteDatabase {
  readonly #database: DatabaseSync

  constructor(file: string) {
    this.#database = new DatabaseSync(file)
  }

  get inTransaction(): boolean {
    return this.#database.isTransaction
  }

  exec(sql: string): this {
    named(() => this.#database.exec(sql))
    return this
  }

  prepare(sql: string) {
    const statement = named(() => this.#database.prepare(sql))
    const returnsRows = statement.columns().length > 0
    const asks = <Result>(rows: boolean, call: (statement: StatementSync) => Result): Result => {
      if (rows !== returnsRows)
        throw new TypeError(`This statement ${returnsRows ? 'returns' : 'does not return'} data`)
      return named(() => call(statement))
    }
    return {
      get: (...values: unknown[]) => asks(true, (one) => withBuffers(one.get(...(values as SQLInputValue[])))),
      all: (...values: unknown[]) => asks(true, (one) => one.all(...(values as SQLInputValue[])).map(withBuffers)),
      run: (...values: unknown[]) => asks(false, (one) => one.run(...(values as SQLInputValue[]))),
    }
  }

  close(): void {
    this.#database.close()
  }
}

function named<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof Error && 'errcode' in error)) throw error
    throw Object.assign(new Error(error.message), { code: names[Number(error.errcode) & 0xff] ?? 'SQLITE_UNKNOWN' })
  }
}

function withBuffers(row: unknown): unknown {
  if (typeof row !== 'object' || row === null) return row
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, value instanceof Uint8Array ? Buffer.from(value) : value]),
  )
}
