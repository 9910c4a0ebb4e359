import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '@behalf/core/spi'
import { configure, field, fileIdentity, openFile, type SqliteDatabase } from './database.ts'
import { isBusy, storeError } from './faults.ts'
import { checkSchema, createTables } from './schema.ts'
import { prepareStatements, type Statements } from './statements.ts'

/** A transaction's statements. `now` is the store's time, in epoch seconds. */
export interface Transaction {
  readonly statements: Statements
  readonly now: number
}

/** An open database. */
interface Opened {
  readonly database: SqliteDatabase
  readonly statements: Statements
  /** Identity of the opened file. `undefined` for a database of the app. */
  readonly identity: string | undefined
}

/** Maximum pause between two attempts to get a lock, in milliseconds. */
const LONGEST_PAUSE = 50

/**
 * One connection to the file, opened when first used.
 *
 * Work is synchronous, so no other code of this process runs between the statements of a transaction.
 */
export class Connection {
  readonly #source: { readonly file: string } | { readonly database: SqliteDatabase }
  readonly #timeoutMs: number
  #open: Opened | undefined
  #closed = false
  /** Ends, without an error, after the last write that was asked for. */
  #lastWrite: Promise<unknown> = Promise.resolve()

  constructor(source: { readonly file: string } | { readonly database: SqliteDatabase }, timeoutMs: number) {
    this.#source = source
    this.#timeoutMs = timeoutMs
  }

  /** Reads, outside a transaction of the store. */
  read<Result>(work: (statements: Statements) => Result): Promise<Result> {
    return this.#patiently(() => work(this.#opened().statements))
  }

  /**
   * Reads and writes in one transaction: all is written, or nothing. The writes of this process take turns: they cannot
   * run side by side, and each that waits for the lock blocks the process.
   */
  write<Result>(work: (transaction: Transaction) => Result): Promise<Result> {
    const deadline = performance.now() + this.#timeoutMs
    const written = this.#lastWrite.then(() => this.#patiently(() => this.#transact(work), deadline))
    this.#lastWrite = written.catch(() => {})
    return written
  }

  #transact<Result>(work: (transaction: Transaction) => Result): Result {
    const { statements } = this.#opened()
    // Fails inside a transaction of the app, which could roll back writes that were reported as done.
    statements.begin.run()
    try {
      const state = statements.state.get()
      checkSchema(state)
      const result = work({ statements, now: Number(field(state, 'now')) })
      statements.commit.run()
      return result
    } catch (error) {
      rollBack(statements)
      throw error
    }
  }

  close(): void {
    this.#closed = true
    if ('file' in this.#source) this.#open?.database.close()
    this.#open = undefined
  }

  #opened(): Opened {
    if (this.#closed) throw new StoreError('unavailable', 'the store was closed')
    const identity = () => ('file' in this.#source ? fileIdentity(this.#source.file) : undefined)
    if (this.#open !== undefined) {
      // Other processes open the file that has this name now. They would not see writes to the old one.
      if (this.#open.identity === identity()) return this.#open
      throw new StoreError(
        'unavailable',
        'the database file or its journal was replaced or deleted while it was open: restart each process that uses it',
      )
    }
    const database = 'file' in this.#source ? openFile(this.#source.file) : this.#source.database
    try {
      configure(database)
      createTables(database)
      checkSchema(database.prepare('SELECT version AS schema FROM behalf_schema').get())
      this.#open = { database, statements: prepareStatements(database), identity: identity() }
      return this.#open
    } catch (error) {
      if ('file' in this.#source) database.close()
      throw error
    }
  }

  /** Waits for a lock without blocking the process, up to one deadline. */
  async #patiently<Result>(work: () => Result, deadline = performance.now() + this.#timeoutMs): Promise<Result> {
    for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        return work()
      } catch (error) {
        if (!isBusy(error) || performance.now() + pause > deadline) throw storeError(error)
      }
      await wait(pause * (0.5 + Math.random() / 2))
    }
  }
}

/** Rolls back. If this fails, SQLite has already rolled back, and the first error is reported. */
function rollBack(statements: Statements): void {
  try {
    statements.rollback.run()
  } catch {}
}
