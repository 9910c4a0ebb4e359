import { setTimeout as wait } from 'node:timers/promises'
import { StoreError } from '@behalf/core/spi'
import { type Column, type Execute, executor, type PostgresClient, unknownForm } from './client.ts'
import { isConnectionLoss, replicaRefused, storeError, wasRolledBack } from './faults.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { statements } from './statements.ts'

/** Tries of a read whose answer was lost. The client waits for its connection within each. */
const TRIES = 3

/** How long the server's clock is known: a failover leads to another one. */
const CLOCK_KNOWN_MS = 60_000

/** The longest pause before a write is repeated that had no effect, milliseconds. */
const LONGEST_PAUSE = 50

/** What a statement returned, after the columns that each has. Each row has the same columns. */
export type Rows = readonly (readonly Column[])[]

/** What a write returned. */
export interface Written {
  /** False: it met another version, nothing was due, or nothing was there. */
  readonly hadEffect: boolean
  readonly rows: Rows
}

/** Statements on a database, each bounded in time. */
export class Database {
  readonly #execute: Execute
  readonly #timeoutMs: number
  #clockKnownUntil = Number.NEGATIVE_INFINITY
  /** From the clock of this process, which nothing sets, to the server's. Milliseconds. */
  #toServerTime = 0

  constructor(client: PostgresClient, timeoutMs: number) {
    this.#execute = executor(client, 'postgresStore.client')
    this.#timeoutMs = timeoutMs
  }

  /** Reads, again where the connection was lost. @throws StoreError */
  read(statement: string, parameters: readonly Column[]): Promise<Rows> {
    return this.#inTime((_, within) => this.#read(statement, parameters, within))
  }

  /**
   * Writes once: a write whose answer was lost is not repeated.
   *
   * What was given up is not done later, though a client may keep it in a queue: the server refuses it, by its own clock.
   *
   * @param isLocked - Whether the answer says that another caller has the lock of what was asked for: asked again.
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

  /** Returns `undefined` for a write that had no effect and may have one when it is repeated. */
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
      // In time for us: the answer with the clock was slow, one of the clocks was set, or another server answers.
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
        // A standby that lags behind still answers: this process would not see a revocation.
        if (rows[0]?.[1] !== 'false') throw replicaRefused()
        return rows.map((row) => row.slice(2))
      } catch (error) {
        if (--left === 0 || !isConnectionLoss(error)) throw error
      }
    }
  }

  async #readClock(within: Within): Promise<void> {
    const [[now] = []] = await this.#read(statements.state, [null], within)
    // After the server read its own: so a deadline is too early by the way back, and never too late.
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

/** Waits for something until the time of the call is over. */
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
