import { StoreError } from '@behalf/core/spi'
import { field, type SqliteDatabase } from './database.ts'

/** Version of the file that this release reads and writes. A file of another version is refused. */
const SCHEMA_VERSION = 1

/**
 * Keys and names are blobs, which are compared byte by byte, whatever the encoding and collation of the file.
 *
 * The trigger removes index rows on any delete of a record. It does not fire when a record is replaced.
 */
const tables = `
CREATE TABLE behalf_records (
  key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, version TEXT NOT NULL,
  expires_at REAL, queue BLOB, due_at REAL, CHECK ((queue IS NULL) = (due_at IS NULL))
) STRICT;
CREATE INDEX behalf_records_due ON behalf_records (queue, due_at) WHERE queue IS NOT NULL;
CREATE INDEX behalf_records_expired ON behalf_records (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE behalf_index (name BLOB NOT NULL, key BLOB NOT NULL, PRIMARY KEY (name, key)) STRICT, WITHOUT ROWID;
CREATE INDEX behalf_index_key ON behalf_index (key);
CREATE TRIGGER behalf_records_gone AFTER DELETE ON behalf_records
  BEGIN DELETE FROM behalf_index WHERE key = OLD.key; END;
CREATE TABLE behalf_counters (key BLOB NOT NULL PRIMARY KEY, total INTEGER NOT NULL, ends_at REAL NOT NULL)
  STRICT, WITHOUT ROWID;
CREATE INDEX behalf_counters_ended ON behalf_counters (ends_at);
INSERT INTO behalf_schema (only_row, version) VALUES (1, ${SCHEMA_VERSION});
`

/** Creates the tables in an empty file, in one transaction: no reader sees half of them. */
export function createTables(database: SqliteDatabase): void {
  if (database.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'behalf_schema'").get()) return
  database.exec('BEGIN IMMEDIATE')
  try {
    database.exec(
      'CREATE TABLE IF NOT EXISTS behalf_schema ' +
        '(only_row INTEGER PRIMARY KEY CHECK (only_row = 1), version INTEGER NOT NULL) STRICT',
    )
    // Another process may have created them first.
    if (database.prepare('SELECT version FROM behalf_schema').get() === undefined) database.exec(tables)
    database.exec('COMMIT')
  } catch (error) {
    database.exec('ROLLBACK')
    throw error
  }
}

/** @param row - A row with the column `schema`. */
export function checkSchema(row: unknown): void {
  const version = field(row, 'schema')
  if (Number(version) === SCHEMA_VERSION) return
  if (version === undefined || version === null) {
    throw new StoreError('corrupt', 'the database has lost the version of its tables')
  }
  throw new StoreError(
    'unknown_version',
    `the database has tables of version ${JSON.stringify(String(version))}, and this release knows ${SCHEMA_VERSION}: upgrade first`,
  )
}
