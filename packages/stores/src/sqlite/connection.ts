import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '@behalf/core/spi'
import { configure, field, fileIdentity, openFile, type SqliteDatabase } from './database.ts'
import { isBusy, storeError } from './faults.ts'
import { checkSchema, createTables } from './schema.ts'
import { prepareStatements, type Statements } from './statements.ts'

/** What a transaction works with. `now` is the store's time, epoch seconds. */
export interface Transaction {
  readonly statements: Statements
  readonly now: number
}

/** An open database. */
interface Opened {
  readonly database: SqliteDatabase
  readonly statements: Statements
  /** Of the file that was opened. `undefined` for a database of the app. */
  readonly identity: string | undefined
}

/** The longest pause between two tries for a lock, milliseconds. */
const LONGEST_PAUSE = 50

/**
 * One connection to the file, opened when first used.
 *
 * Work is synchronous, so nothing of this process comes between the statements of a transaction.
 */
export class Connection {
  readonly #source: { readonly file: string } | { readonly database: SqliteDatabase }
  readonly #timeoutMs: number
  #open: Opened | undefined
  #closed = false

  constructor(source: { readonly file: string } | { readonly database: SqliteDatabase }, timeoutMs: number) {
    this.#source = source
    this.#timeoutMs = timeoutMs
  }

  /** Reads, outside of any transaction of ours. */
  read<Result>(work: (statements: Statements) => Result): Promise<Result> {
    return this.#patiently(() => work(this.#opened().statements))
  }

  /** Reads and writes as one step: all of it is written, or nothing is. */
  write<Result>(work: (transaction: Transaction) => Result): Promise<Result> {
    return this.#patiently(() => {
      const { statements } = this.#opened()
      // Fails inside a transaction of the app: joined to it, our writes could be taken back after they were told.
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
    })
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
      // Other processes open the file that is there now. They would not see what this process writes to the old one.
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

  /** Waits for a lock without blocking the process, within one deadline. */
  async #patiently<Result>(work: () => Result): Promise<Result> {
    const deadline = performance.now() + this.#timeoutMs
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

/** Where it fails, SQLite has rolled back by itself; the first error is the one to tell. */
function rollBack(statements: Statements): void {
  try {
    statements.rollback.run()
  } catch {}
}
