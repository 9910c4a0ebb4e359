import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { ConfigurationError, type Store } from '@behalf/core'
import { type PutOptions, StoreError, type Versioned } from '@behalf/core/spi'

const TABLES = `
  CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, value BLOB NOT NULL, version TEXT NOT NULL,
    expires REAL NOT NULL, queue BLOB, due REAL) STRICT;
  CREATE TABLE IF NOT EXISTS names (name BLOB, key BLOB, PRIMARY KEY (name, key)) STRICT;
  CREATE TABLE IF NOT EXISTS counters (key BLOB PRIMARY KEY, total INTEGER NOT NULL, ends REAL NOT NULL) STRICT;`
/** Stands for "never". */
const NEVER = 1e15

export function myStore(file: string): Store & { close(): void } {
  const db = new DatabaseSync(file)
  db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000; ${TABLES}`)
  const one = (sql: string, ...values: SQLInputValue[]) => db.prepare(sql).get(...values)
  const all = (sql: string, ...values: SQLInputValue[]) => db.prepare(sql).all(...values)
  const find = (key: string, now: number) => one('SELECT * FROM records WHERE key = ? AND expires > ?', bytes(key), now)

  /** One transaction. IMMEDIATE takes the lock before the first read, so that no other writer comes between. */
  async function atomic<Result>(work: (now: number) => Result): Promise<Result> {
    try {
      db.exec('BEGIN IMMEDIATE')
      try {
        const result = work(Number(one("SELECT unixepoch('subsec') AS now")?.now)) // the database's clock
        db.exec('COMMIT')
        return result
      } catch (error) {
        db.exec('ROLLBACK')
        throw error
      }
    } catch (cause) {
      if (cause instanceof ConfigurationError) throw cause
      throw new StoreError('unavailable', 'the database did not answer', { cause })
    }
  }

  function forget(key: string): void {
    one('DELETE FROM records WHERE key = ?', bytes(key))
    one('DELETE FROM names WHERE key = ?', bytes(key))
  }

  return {
    specificationVersion: 2,
    durable: true,
    now: () => atomic((now) => now),
    get: (key) => atomic((now) => versioned(find(key, now))),
    put: (key, value, options) =>
      atomic((now) => {
        const { ifVersion, due, index = [] } = options
        const expires = endOf(options, now)
        const dueAt = due === undefined ? null : now + time('put.due', due.inSeconds)
        if ((find(key, now)?.version ?? null) !== ifVersion) return 'conflict'
        const version = crypto.randomUUID()
        forget(key)
        const queue = due === undefined ? null : bytes(due.queue)
        one('INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)', bytes(key), value, version, expires, queue, dueAt)
        for (const name of new Set(index)) one('INSERT INTO names VALUES (?, ?)', bytes(name), bytes(key))
        return version
      }),
    delete: (key, options) =>
      atomic((now) => {
        if (options !== undefined && find(key, now)?.version !== options.ifVersion) return 'conflict'
        forget(key)
        return 'deleted'
      }),
    claimDue: (queue, { limit, leaseSeconds }) =>
      atomic((now) => {
        const until = now + positive('claimDue.leaseSeconds', leaseSeconds)
        return all(
          'SELECT * FROM records WHERE queue = ? AND due <= ? AND expires > ? ORDER BY due LIMIT ?',
          ...[bytes(queue), now, now, positive('claimDue.limit', limit)],
        ).flatMap((row) => {
          const version = crypto.randomUUID()
          one('UPDATE records SET version = ?, due = ? WHERE key = ?', version, until, row.key as Uint8Array)
          return versioned({ ...row, version }) ?? []
        })
      }),
    list: (index, { after, limit }) =>
      atomic((now) =>
        all(
          `SELECT records.* FROM names JOIN records USING (key) WHERE name = ?1 AND expires > ?2
            AND (?3 IS NULL OR key > ?3) ORDER BY key LIMIT ?4`,
          ...[bytes(index), now, after === undefined ? null : bytes(after), positive('list.limit', limit)],
        ).flatMap((row) => versioned(row) ?? []),
      ),
    increment: (key, { windowSeconds }) =>
      atomic((now) => {
        const row = one(
          `INSERT INTO counters VALUES (?1, 1, ?2 + ?3) ON CONFLICT (key) DO UPDATE SET
            total = iif(ends > ?2, total + 1, 1), ends = iif(ends > ?2, ends, ?2 + ?3) RETURNING total`,
          ...[bytes(key), now, positive('increment.windowSeconds', windowSeconds)],
        )
        return Number(row?.total)
      }),
    close: () => db.close(),
  }
}

/** The bytes of a name. Their order is that of code points; the order of JavaScript strings is another one. */
function bytes(name: string): Uint8Array {
  if (!name.isWellFormed()) throw new ConfigurationError('put', 'a name must be well-formed Unicode')
  return new TextEncoder().encode(name)
}

function versioned(row: Record<string, unknown> | undefined): Versioned | undefined {
  if (row === undefined) return undefined
  const { key, value, version } = row as { key: Uint8Array; value: Uint8Array; version: string }
  return { key: new TextDecoder('utf-8', { ignoreBOM: true }).decode(key), value, version }
}

function endOf({ expiresAt, expiresInSeconds }: PutOptions, now: number): number {
  if (expiresAt === undefined) return now + time('put.expiresInSeconds', expiresInSeconds ?? NEVER)
  if (expiresInSeconds === undefined) return time('put.expiresAt', expiresAt)
  throw new ConfigurationError('put', 'give expiresAt or expiresInSeconds, not both')
}

function time(option: string, seconds: number): number {
  if (Number.isFinite(seconds)) return seconds
  throw new ConfigurationError(option, 'give a finite number of seconds')
}

function positive(option: string, value: number): number {
  if (Number.isFinite(value) && value > 0) return value
  throw new ConfigurationError(option, 'give a positive number')
}
