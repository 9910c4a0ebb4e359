import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '@behalf/core/spi'
import { type Column, type Execute, executor, type PostgresClient, unknownForm } from './client.ts'
import { isConnectionLoss, replicaRefused, storeError, wasRolledBack } from './faults.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { statements } from './statements.ts'

/** Maximum number of attempts of a read whose answer was lost. The client waits for its connection within each. */
const TRIES = 3

/** Time for which the server's clock counts as known, in milliseconds: a failover leads to another server. */
const CLOCK_KNOWN_MS = 60_000

/** Maximum pause before a write without effect is repeated, in milliseconds. */
const LONGEST_PAUSE = 50

/** Rows of a statement. Each row has the same columns. */
export type Rows = readonly (readonly Column[])[]

/** Result of a write. */
export interface Written {
  /** False if the version differed, nothing was due, or no record existed. */
  readonly hadEffect: boolean
  readonly rows: Rows
}

/** Statements on a database, each bounded in time. */
export class Database {
  readonly #execute: Execute
  readonly #timeoutMs: number
  #clockKnownUntil = Number.NEGATIVE_INFINITY
  /** Difference from this process's monotonic clock to the server's time, in milliseconds. */
  #toServerTime = 0

  constructor(client: PostgresClient, timeoutMs: number) {
    this.#execute = executor(client, 'postgresStore.client')
    this.#timeoutMs = timeoutMs
  }

  /** Reads, and repeats the read after a lost connection. @throws StoreError */
  read(statement: string, parameters: readonly Column[]): Promise<Rows> {
    return this.#inTime((_, within) => this.#read(statement, parameters, within))
  }

  /**
   * Writes once: a write whose answer was lost is not repeated.
   *
   * A write that timed out is not done later, although a client may keep it in a queue: the server refuses it by its
   * own clock.
   *
   * @param isLocked - Returns whether another caller has the lock of the record. Then the write is repeated.
   * @throws StoreError
   */
  write(
    statement: string,
    parameters: readonly Column[],
    isLocked: (rows: Rows) => boolean = () => false,
  ): Promise<Written> {
    return this.#inTime(async (endsAt, within) => {
      for (let pause = 1; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
        const written = await this.#writeOnce(statement, parameters, endsAt, within)
        if (written !== undefined && (written.hadEffect || !isLocked(written.rows))) return written
        await within(wait(pause * (0.5 + Math.random() / 2)))
      }
    })
  }

  /** Writes once. Returns `undefined` for a write that had no effect and may be repeated. */
  async #writeOnce(
    statement: string,
    parameters: readonly Column[],
    endsAt: number,
    within: Within,
  ): Promise<Written | undefined> {
    if (performance.now() >= this.#clockKnownUntil) await this.#readClock(within)
    const deadline = (endsAt + this.#toServerTime) / 1000
    try {
      const answer = checked(await within(this.#execute(statement, [String(deadline), ...parameters])))
      const [, now, effect] = answer[0] ?? []
      const written = { hadEffect: effect === 'true', rows: answer.map((row) => row.slice(4)) }
      if (written.hadEffect || Number(now) < deadline) return written
      // The write was in time by this process's clock. So the clock's measurement was slow, a clock was set, or another
      // server answers.
      this.#clockKnownUntil = Number.NEGATIVE_INFINITY
    } catch (error) {
      if (!wasRolledBack(error)) throw error
    }
    return undefined
  }

  async #read(statement: string, parameters: readonly Column[], within: Within): Promise<Rows> {
    for (let left = TRIES; ; ) {
      try {
        const rows = checked(await within(this.#execute(statement, parameters)))
        // A standby that lags behind still answers: this process could miss a revocation.
        if (rows[0]?.[1] !== 'false') throw replicaRefused()
        return rows.map((row) => row.slice(2))
      } catch (error) {
        if (--left === 0 || !isConnectionLoss(error)) throw error
      }
    }
  }

  async #readClock(within: Within): Promise<void> {
    const [[now] = []] = await this.#read(statements.state, [null], within)
    // Measured after the server read its clock. So a deadline is early by the duration of the response, and never late.
    this.#toServerTime = Number(now) * 1000 - performance.now()
    this.#clockKnownUntil = performance.now() + CLOCK_KNOWN_MS
  }

  async #inTime<Result>(work: (endsAt: number, within: Within) => Promise<Result>): Promise<Result> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(() => {
      late.reject(new StoreError('unavailable', `PostgreSQL did not answer within ${this.#timeoutMs} ms`))
    }, this.#timeoutMs)
    late.promise.catch(() => {})
    try {
      return await work(performance.now() + this.#timeoutMs, (one) => Promise.race([one, late.promise]))
    } catch (error) {
      throw storeError(error)
    } finally {
      clearTimeout(timer)
    }
  }
}

/** Waits for a promise until the time of the call is over. */
type Within = <Result>(one: Promise<Result>) => Promise<Result>

function checked(rows: Rows): Rows {
  const [version] = rows[0] ?? []
  if (Number(version) === SCHEMA_VERSION) return rows
  if (rows.length === 0) throw new StoreError('corrupt', 'the database has lost the version of its tables')
  if (typeof version !== 'string') throw unknownForm()
  throw new StoreError(
    'unknown_version',
    `the database has tables of version ${JSON.stringify(version)}, and this release knows ${SCHEMA_VERSION}: upgrade first`,
  )
}
