import { NOW, type SqliteDatabase, type SqliteStatement } from './database.ts'

/**
 * Maximum number of expired rows that one write deletes. Each write adds at most one row, so they cannot accumulate.
 */
const SWEPT_PER_WRITE = 32

const LIVE = `(r.expires_at IS NULL OR r.expires_at > ${NOW})`
const RECORD = 'r.key AS key, r.value AS value, r.version AS version'
const LIST = `SELECT ${RECORD} FROM behalf_index i JOIN behalf_records r ON r.key = i.key WHERE i.name = ? AND ${LIVE}`

// Parameters are bare question marks: drivers disagree about numbered ones.
const sql = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  rollback: 'ROLLBACK',
  state: `SELECT version AS schema, ${NOW} AS now FROM behalf_schema`,
  get: `SELECT s.version AS schema, ${RECORD} FROM behalf_schema s LEFT JOIN behalf_records r ON r.key = ? AND ${LIVE}`,
  version: `SELECT r.version AS version FROM behalf_records r WHERE r.key = ? AND ${LIVE}`,
  put:
    'INSERT INTO behalf_records (key, value, version, expires_at, queue, due_at) VALUES (?, ?, ?, ?, ?, ?) ' +
    'ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version, ' +
    'expires_at = excluded.expires_at, queue = excluded.queue, due_at = excluded.due_at',
  unindex: 'DELETE FROM behalf_index WHERE key = ?',
  index: 'INSERT OR IGNORE INTO behalf_index (name, key) VALUES (?, ?)',
  delete: 'DELETE FROM behalf_records WHERE key = ?',
  // Expired rows count too: the next write deletes them. Else each poll would read them again.
  isDue:
    'SELECT s.version AS schema, EXISTS (SELECT 1 FROM behalf_records r WHERE r.queue = ? ' +
    `AND r.due_at <= ${NOW}) AS due FROM behalf_schema s`,
  due: `SELECT ${RECORD} FROM behalf_records r WHERE r.queue = ? AND r.due_at <= ${NOW} AND ${LIVE} ORDER BY r.due_at LIMIT ?`,
  lease: 'UPDATE behalf_records SET version = ?, due_at = ? WHERE key = ?',
  list: `${LIST} ORDER BY i.key LIMIT ?`,
  listAfter: `${LIST} AND i.key > ? ORDER BY i.key LIMIT ?`,
  increment:
    'INSERT INTO behalf_counters (key, total, ends_at) VALUES (?, 1, ?) ON CONFLICT (key) DO UPDATE SET ' +
    `total = CASE WHEN ends_at > ${NOW} THEN total + 1 ELSE 1 END, ` +
    `ends_at = CASE WHEN ends_at > ${NOW} THEN ends_at ELSE excluded.ends_at END RETURNING total`,
  sweepRecords:
    'DELETE FROM behalf_records WHERE key IN (SELECT key FROM behalf_records WHERE expires_at <= ? ' +
    `LIMIT ${SWEPT_PER_WRITE})`,
  sweepCounters:
    'DELETE FROM behalf_counters WHERE key IN (SELECT key FROM behalf_counters WHERE ends_at <= ? ' +
    `LIMIT ${SWEPT_PER_WRITE})`,
} as const

export type Statements = { readonly [Name in keyof typeof sql]: SqliteStatement }

export function prepareStatements(database: SqliteDatabase): Statements {
  const prepared = Object.entries(sql).map(([name, text]) => [name, database.prepare(text)])
  return Object.fromEntries(prepared) as Statements
}
